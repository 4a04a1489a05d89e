/*
 * The last good values on disk: what a sound policy said of each key, and the quarantines of those that are kept at it.
 *
 * A pass hands over everything that is wanted of ten thousand keys, and almost always nothing of it is new. What came as
 * the very same object as the last time is not looked at again; what came as another one is written only when its digest
 * differs. So the bulk stands in a table of its own, is written on change, and is read one key at a time, by whoever asks
 * for a key that is quarantined: what the writer has written or read it still has.
 */
import { hash } from "node:crypto";
import type { Keeping, LastGoodOwner, LastGoodReader, Quarantine } from "../core/last-good.ts";
import type { KeyId } from "../core/policy.ts";
import type { DesiredKey } from "../core/resolve.ts";
import type { Clean } from "./clean.ts";
import { createLastGoodDecoder, encodeLastGood } from "./last-good-content.ts";
import type { SqlDatabase } from "./sqlite-driver.ts";

/** Reads last good values from the disk, each time anew. */
export function createLastGoodReader(db: SqlDatabase): LastGoodReader {
  const owners = db.prepare("SELECT key_id, policy, file FROM last_good");
  const content = db.prepare(
    "SELECT policy, content FROM last_good JOIN last_good_content USING (key_id) WHERE key_id = ?",
  );
  const quarantines = db.prepare("SELECT key_id, policy, file, since, why FROM quarantine ORDER BY key_id");
  const decode = createLastGoodDecoder();
  return {
    lastGoodOwners: () =>
      owners.all().map((row): LastGoodOwner => {
        return { keyId: String(row["key_id"]), policy: String(row["policy"]), file: String(row["file"]) };
      }),
    lastGoodOf(keyId) {
      const row = content.get(keyId);
      if (row === undefined) return undefined;
      return decode({ keyId, policy: String(row["policy"]), content: String(row["content"]) });
    },
    quarantines: () =>
      new Map(
        quarantines.all().map((row): [KeyId, Quarantine] => {
          const keyId = String(row["key_id"]);
          const [policy, file, why] = [row["policy"], row["file"], row["why"]].map(String);
          const since = Number(row["since"]);
          return [keyId, { keyId, policy: policy ?? "", file: file ?? "", since, why: why ?? "" }];
        }),
      ),
  };
}

/** What has to be written for a keeping, and how the table's memory follows once it is on the disk. */
export interface LastGoodStep {
  /** Must run inside a transaction. */
  write(): void;
  written(): void;
}

export interface LastGoodTable extends LastGoodReader {
  /** Undefined when the disk says all of it already. */
  step(kept: Pick<Keeping, "desired" | "quarantined">): LastGoodStep | undefined;
  /** Must run inside a transaction. */
  remove(id: KeyId): void;
  /** Told once a removal is on the disk. */
  removed(id: KeyId): void;
}

export function createLastGoodTable(db: SqlDatabase, clean: Clean): LastGoodTable {
  const disk = createLastGoodReader(db);
  const statements = prepareAll(db);
  /** What is on the disk, as far as it was written or read; all of it once `whole`. */
  const known = new Map<KeyId, DesiredKey>();
  let whole = false;
  let quarantined: ReadonlyMap<KeyId, Quarantine> | undefined;

  function quarantines(): ReadonlyMap<KeyId, Quarantine> {
    return (quarantined ??= disk.quarantines());
  }

  function digests(): (id: KeyId) => unknown {
    if (whole) return (id) => statements.digest.get(id)?.["digest"];
    const all = new Map(statements.digests.all().map((row) => [String(row["key_id"]), row["digest"]]));
    return (id) => all.get(id);
  }

  /** One look at each key: this runs in every pass. */
  function compare(desired: Keeping["desired"]): { readonly fresh: DesiredKey[]; readonly gone: KeyId[] } {
    const fresh: DesiredKey[] = [];
    let met = 0;
    for (const [id, key] of desired) {
      const before = known.get(id);
      if (before !== undefined) met += 1;
      if (before !== key) fresh.push(key);
    }
    if (whole && met === known.size) return { fresh, gone: [] };
    const ids = whole ? [...known.keys()] : [...disk.lastGoodOwners()].map(({ keyId }) => keyId);
    return { fresh, gone: ids.filter((id) => !desired.has(id)) };
  }

  return {
    lastGoodOwners: () => (whole ? [...known.values()].map(ownerOf) : disk.lastGoodOwners()),
    lastGoodOf(id) {
      const remembered = known.get(id) ?? (whole ? undefined : disk.lastGoodOf(id));
      if (remembered !== undefined) known.set(id, remembered);
      return remembered;
    },
    quarantines,
    remove(id) {
      statements.remove.run(id);
      statements.endQuarantine.run(id);
    },
    removed(id) {
      known.delete(id);
      quarantined = undefined;
    },
    step(kept) {
      const { fresh, gone } = compare(kept.desired);
      const begun = [...kept.quarantined.values()].filter(isNews).map(cleaned);
      const ended = [...quarantines().keys()].filter((id) => !kept.quarantined.has(id));
      const digestOf = fresh.length === 0 ? undefined : digests();
      const changed = fresh
        .map((key) => rowOf(key))
        .filter((row) => digestOf?.(row.key.keyId) !== row.digest);
      const isNothing = [changed, gone, begun, ended].every((list) => list.length === 0);

      function written(): void {
        for (const id of gone) known.delete(id);
        for (const key of fresh) known.set(key.keyId, key);
        quarantined = kept.quarantined;
        whole = true;
      }

      if (isNothing) {
        written();
        return undefined;
      }
      return {
        written,
        write() {
          for (const id of [...gone, ...ended]) statements.endQuarantine.run(id);
          for (const id of gone) statements.remove.run(id);
          for (const row of changed) writeRow(row);
          for (const { keyId, policy, file, since, why } of begun)
            statements.quarantine.run(keyId, policy, file, since, why);
        },
      };
    },
  };

  /** Whether the disk says otherwise: what it has is cleaned, and what this process remembers is not. */
  function isNews(one: Quarantine): boolean {
    const before = quarantines().get(one.keyId);
    return before === undefined || !(isSame(before, one) || isSame(cleaned(before), cleaned(one)));
  }

  function cleaned({ keyId, policy, file, since, why }: Quarantine): Quarantine {
    return { keyId, policy: clean(policy), file: clean(file), since, why: clean(why) };
  }

  function rowOf(key: DesiredKey): Row {
    const content = encodeLastGood(key);
    const digest = hash("sha256", `${key.policy}\n${content}`, "base64");
    return { key, content, digest };
  }

  /** A value with our own secret in it would not come back as it was: it is better not known than wrong. */
  function writeRow({ key, content, digest }: Row): void {
    if (clean(content) !== content || clean(key.policy) !== key.policy) {
      statements.remove.run(key.keyId);
      return;
    }
    statements.put.run(key.keyId, key.policy, key.place.file, digest);
    statements.putContent.run(key.keyId, content);
  }
}

interface Row {
  readonly key: DesiredKey;
  readonly content: string;
  readonly digest: string;
}

function prepareAll(db: SqlDatabase) {
  return {
    digests: db.prepare("SELECT key_id, digest FROM last_good"),
    digest: db.prepare("SELECT digest FROM last_good WHERE key_id = ?"),
    put: db.prepare(
      `INSERT INTO last_good (key_id, policy, file, digest) VALUES (?, ?, ?, ?)
       ON CONFLICT (key_id) DO UPDATE
       SET policy = excluded.policy, file = excluded.file, digest = excluded.digest`,
    ),
    putContent: db.prepare(
      `INSERT INTO last_good_content (key_id, content) VALUES (?, ?)
       ON CONFLICT (key_id) DO UPDATE SET content = excluded.content`,
    ),
    remove: db.prepare("DELETE FROM last_good WHERE key_id = ?"),
    quarantine: db.prepare(
      `INSERT INTO quarantine (key_id, policy, file, since, why) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (key_id) DO UPDATE
       SET policy = excluded.policy, file = excluded.file, since = excluded.since, why = excluded.why`,
    ),
    endQuarantine: db.prepare("DELETE FROM quarantine WHERE key_id = ?"),
  };
}

function ownerOf({ keyId, policy, place }: DesiredKey): LastGoodOwner {
  return { keyId, policy, file: place.file };
}

function isSame(a: Quarantine, b: Quarantine): boolean {
  return a.policy === b.policy && a.file === b.file && a.since === b.since && a.why === b.why;
}
