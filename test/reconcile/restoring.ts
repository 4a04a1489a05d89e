import { expect } from "vitest";
import type { Canonical, FieldPath } from "../../src/core/key.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import type { KeyPast, PastWrite } from "../../src/core/restore.ts";
import { carryOutRestore, planRestore } from "../../src/reconcile/restore.ts";
import { keyId, policy } from "../core/build.ts";
import type { Stored, Variant } from "../core/model-server.ts";
import { createRig, type Rig } from "./rig.ts";

export const one = keyId(1);
export const baseline = { kind: "baseline" } as const;

/** One key, and a policy for it. */
export function rigWith(key: Stored, block: JsonObject, server?: Variant): Rig {
  return createRig({
    policies: [policy({ name: "p1", keyIds: [one], key: block })],
    keys: new Map([[one, key]]),
    ...(server === undefined ? {} : { variant: server }),
  });
}

/** Our writes to the key as the audit trail has them. */
export function pastOf(rig: Rig): KeyPast {
  const writes = rig.state.disk.audit.flatMap((entry, index): PastWrite[] => {
    if (entry.event !== "claimed") return [];
    const fields = entry.detail["fields"] as unknown as {
      path: FieldPath;
      from?: Canonical;
      to: Canonical;
    }[];
    return [
      { seq: index + 1, at: entry.at, fields: fields.map(({ path, from, to }) => ({ path, from, to })) },
    ];
  });
  return { baseline: rig.state.baselineOf(one), writes };
}

/** Puts the key back to its baseline, and expects that every change of it is taken. */
export async function restore(rig: Rig): Promise<void> {
  const request = { keyId: one, point: baseline, past: pastOf(rig) };
  const planned = await planRestore(rig.ports, request, {
    signal: new AbortController().signal,
    settleMs: 60_000,
  });
  const outcomes = await carryOutRestore(
    rig.ports,
    { ...request, ...planned },
    {
      pass: "restore-1",
      workers: 1,
      yielding: new AbortController().signal,
      signal: new AbortController().signal,
    },
  );
  expect(outcomes.filter(({ outcome }) => outcome !== "applied")).toEqual([]);
}
