/*
 * A pass as the daemon makes it, without I/O: the model server on one side, the ledger's own rules on the other, and
 * between them nothing but the plan. Reads may lag: each then shows any state that the key had within `lateMs`, and
 * one that shows a write may be followed by one that does not.
 */
import { readLiveKey } from "../../src/core/live.ts";
import type { Sight } from "../../src/core/make-plan.ts";
import type { AppliedKey, Claim } from "../../src/core/ledger.ts";
import type { Change, PassKind, Plan } from "../../src/core/plan.ts";
import type { KeyId } from "../../src/core/policy.ts";
import type { Resolution } from "../../src/core/resolve.ts";
import { afterAdoption, afterClaim, afterConfirm } from "../../src/state/ledger-rules.ts";
import { plan } from "./build.ts";
import { update, type Stored, type Variant } from "./model-server.ts";
import { picker, show, type Pick } from "./model-shapes.ts";

export interface World {
  /** Makes a plan and changes nothing. */
  look(pass: PassKind, now: number): Plan;
  /** Adopts and sends what a plan says. Throws where the server refuses. */
  apply(made: Plan, now: number): void;
  stored(id: KeyId): Stored | undefined;
  /** Lets something happen to every key on the server. */
  happen(what: (stored: Stored) => Stored): void;
  /** How many updates the server took, by key. */
  readonly updates: ReadonlyMap<KeyId, number>;
  /** From now on other policies hold. */
  follow(resolution: Resolution): void;
}

export interface WorldParts {
  readonly resolution: Resolution;
  readonly keys: ReadonlyMap<KeyId, Stored>;
  readonly ledger: ReadonlyMap<KeyId, AppliedKey>;
  readonly variant: Variant;
  readonly seed: number;
  /** For how long a read may show what an update replaced; 0 when left out. */
  readonly lateMs?: number;
}

/** What a key was until an update replaced it. */
interface Past {
  readonly stored: Stored;
  readonly until: number;
}

export function createWorld({ variant, lateMs = 0, ...parts }: WorldParts): World {
  let resolution = parts.resolution;
  const keys = new Map(parts.keys);
  const ledger = new Map(parts.ledger);
  const updates = new Map<KeyId, number>();
  const past = new Map<KeyId, readonly Past[]>();
  const pick: Pick = picker(parts.seed);

  function read(id: KeyId, source: "list" | "get", now: number): Sight {
    const current = keys.get(id);
    if (current === undefined) return { kind: "missing", message: "not shown" };
    const late = (past.get(id) ?? []).filter(({ until }) => now - until < lateMs);
    const stored = late.length === 0 ? current : pick(current, ...late.map((one) => one.stored));
    return {
      kind: "seen",
      key: readLiveKey(show(stored, id, source, pick), source),
      complete: source === "get",
    };
  }

  /** A list, and one GET for each key whose answer the list cannot give. */
  function seen(id: KeyId, now: number): Sight {
    const listed = read(id, "list", now);
    const wanted = [...(resolution.desired.get(id)?.fields.keys() ?? [])];
    const unknown =
      listed.kind === "seen" &&
      !listed.key.fields.has("rotation_policy") &&
      wanted.some((path) => path.startsWith("rotation_policy"));
    return unknown || pick(true, false) ? read(id, "get", now) : listed;
  }

  function adopt(made: Plan, only?: KeyId): void {
    for (const adoption of made.adoptions) {
      if (only !== undefined && adoption.keyId !== only) continue;
      ledger.set(adoption.keyId, afterAdoption(ledger.get(adoption.keyId), adoption));
    }
  }

  /** A change whose body waits for a look at the key is planned again with it. */
  function complete(change: Change, now: number): Change | undefined {
    if (change.body !== null) return change;
    const made = plan({
      pass: "reconcile",
      resolution,
      applied: ledger,
      sightOf: (id) => read(id, "get", now),
      now,
    });
    adopt(made, change.keyId);
    return made.changes.find((other) => other.keyId === change.keyId);
  }

  return {
    updates,
    stored: (id) => keys.get(id),
    follow(next) {
      resolution = next;
    },
    look(pass, now) {
      const sightOf = (id: KeyId): Sight => (pass === "edit" ? { kind: "unseen" } : seen(id, now));
      return plan({ pass, resolution, applied: ledger, sightOf, now });
    },
    apply(made, now) {
      adopt(made);
      for (const planned of made.changes) {
        const change = complete(planned, now);
        if (change === undefined) continue;
        const stored = keys.get(change.keyId);
        if (change.body === null || stored === undefined)
          throw new Error("a body cannot be made after a GET");
        ledger.set(change.keyId, afterClaim(ledger.get(change.keyId), claimOf(change, now)));
        keys.set(change.keyId, update(stored, change.body, variant));
        past.set(change.keyId, [...(past.get(change.keyId) ?? []), { stored, until: now }]);
        updates.set(change.keyId, (updates.get(change.keyId) ?? 0) + 1);
        const paths = change.fields.map(({ path }) => path);
        ledger.set(change.keyId, afterConfirm(ledger.get(change.keyId)!, paths, now));
      }
    },
    happen(what) {
      for (const [id, stored] of keys) keys.set(id, what(stored));
    },
  };
}

function claimOf(change: Change, at: number): Claim {
  return {
    keyId: change.keyId,
    policy: change.policy,
    file: change.place.file,
    line: change.place.line,
    at,
    fields: change.fields.map(({ path, to, why, from, replaced }) => ({
      path,
      value: to,
      replaced,
      ...(why === "drift" && from !== undefined ? { mendedFrom: { value: from } } : {}),
    })),
  };
}
