import { expect } from "vitest";
import type { JsonObject } from "../../src/core/policy.ts";
import { confirmedValues, pastWrites, type KeyPast } from "../../src/core/key-past.ts";
import { requestEnds, type HistoryLine } from "../../src/core/history.ts";
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

/** What is known of our writes to the key; of the audit trail only the lines from `first` on. */
export function pastOf(rig: Rig, first = 1): KeyPast {
  const all = rig.state.disk.audit.map((entry, index): HistoryLine => ({
    ...entry,
    seq: index + 1,
    hash: "",
  }));
  const lines = all.filter(({ seq }) => seq >= first);
  const entries: { first: HistoryLine; rest: HistoryLine[] }[] = [];
  for (const line of lines) {
    if (line.event === "claimed") entries.push({ first: line, rest: [] });
    else if (goesOn.includes(line.event)) entries.at(-1)?.rest.push(line);
  }
  const applied = rig.state.applied().get(one);
  return {
    baseline: rig.state.baselineOf(one),
    confirmed: confirmedValues(applied),
    writes: pastWrites(entries, applied),
    reach: first === 1 ? null : { seq: first, at: lines[0]?.at ?? null },
    timeOf: (seq) => lines.findLast((line) => line.seq <= seq)?.at,
  };
}

const goesOn: readonly string[] = [...requestEnds, "read-back"];

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
