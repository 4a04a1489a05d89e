import type { Clean } from "./clean.ts";
import type { FieldPath } from "../core/key.ts";
import type { AppliedField, AppliedKey, AppliedValue, Replaced } from "../core/ledger.ts";
import type { KeyId } from "../core/policy.ts";
import type { KeyReset } from "../core/reset.ts";
import { AppError, messageOf } from "../errors.ts";
import type { Sharing } from "./sharing.ts";
import type { SqlDatabase, SqlRow } from "./sqlite-driver.ts";
import { corrupt } from "./sqlite-fault.ts";

/** The ledger on disk: a row a key, its fields as one JSON object by path, its resets as another, the tokens of its selectors as pairs. */
export interface LedgerTable {
  /** Must run inside a transaction. */
  write(id: KeyId, key: AppliedKey): void;
  /** Must run inside a transaction. */
  remove(id: KeyId): void;
}

export function createLedgerTable(db: SqlDatabase, clean: Clean): LedgerTable {
  const upsert = db.prepare(
    `INSERT INTO ledger (key_id, policy, file, line, fields, reset, tokens) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (key_id) DO UPDATE
     SET policy = excluded.policy, file = excluded.file, line = excluded.line, fields = excluded.fields,
         reset = excluded.reset, tokens = excluded.tokens`,
  );
  const remove = db.prepare("DELETE FROM ledger WHERE key_id = ?");
  return {
    remove(id) {
      remove.run(id);
    },
    write(id, key) {
      const fields = clean(JSON.stringify(Object.fromEntries(key.fields)));
      const reset = key.reset === undefined ? null : clean(JSON.stringify(key.reset));
      const tokens = key.tokens === undefined ? null : clean(JSON.stringify([...key.tokens]));
      upsert.run(id, clean(key.policy), clean(key.file), key.line, fields, reset, tokens);
    },
  };
}

/** The whole ledger as it stands on disk. Throws `STATE_CORRUPT` for a row that cannot be read. */
export function readLedger(db: SqlDatabase, path: string, sharing: Sharing): Map<KeyId, AppliedKey> {
  const ledger = new Map<KeyId, AppliedKey>();
  for (const row of db
    .prepare("SELECT key_id, policy, file, line, fields, reset, tokens FROM ledger")
    .iterate()) {
    const id = String(row["key_id"]);
    try {
      ledger.set(id, keyFrom(row, sharing));
    } catch (thrown) {
      if (thrown instanceof AppError) throw thrown;
      throw corrupt(path, `the ledger of key ${id} cannot be read (${messageOf(thrown)})`, thrown);
    }
  }
  return ledger;
}

function keyFrom(row: SqlRow, sharing: Sharing): AppliedKey {
  const reset = row["reset"];
  const tokens = row["tokens"];
  const stored = JSON.parse(String(row["fields"])) as Readonly<Record<FieldPath, AppliedField>>;
  const key: AppliedKey = {
    policy: String(row["policy"]),
    file: String(row["file"]),
    line: Number(row["line"]),
    fields: new Map(Object.entries(stored)),
    ...(typeof reset === "string" ? { reset: JSON.parse(reset) as KeyReset } : {}),
    ...(typeof tokens === "string"
      ? { tokens: new Map(JSON.parse(tokens) as [policy: string, token: string | null][]) }
      : {}),
  };
  return shared(key, sharing);
}

/** The same key, built from strings and values that are shared with other keys, and from none of the caller's. */
export function shared(key: AppliedKey, sharing: Sharing): AppliedKey {
  const fields = new Map<FieldPath, AppliedField>();
  for (const [path, field] of key.fields) fields.set(sharing.text(path), sharedField(field, sharing));
  return {
    policy: sharing.text(key.policy),
    file: sharing.text(key.file),
    line: key.line,
    fields,
    ...(key.reset === undefined ? {} : { reset: structuredClone(key.reset) }),
    ...(key.tokens === undefined ? {} : { tokens: new Map(key.tokens) }),
  };
}

function sharedField(
  { confirmed, claimed, mendedFrom, replaced, unproved, reverts }: AppliedField,
  sharing: Sharing,
): AppliedField {
  return {
    ...(confirmed === undefined ? {} : { confirmed: sharedValue(confirmed, sharing) }),
    ...(claimed === undefined
      ? {}
      : { claimed: { ...sharedValue(claimed, sharing), refused: claimed.refused } }),
    ...(mendedFrom === undefined ? {} : { mendedFrom: { value: sharing.value(mendedFrom.value) } }),
    ...(replaced === undefined ? {} : { replaced: sharedReplaced(replaced, sharing) }),
    ...(unproved === undefined ? {} : { unproved }),
    ...(reverts === undefined ? {} : { reverts: { ...reverts } }),
  };
}

function sharedReplaced(replaced: Replaced, sharing: Sharing): Replaced {
  return replaced === "unknown" ? replaced : replaced.map((value) => sharing.value(value));
}

function sharedValue({ value, policy, at }: AppliedValue, sharing: Sharing): AppliedValue {
  return { value: sharing.value(value), policy: sharing.text(policy), at };
}
