import type { Outcome, PassReport } from "../../src/core/outcome.ts";
import type { Notice } from "../../src/core/plan.ts";
import { problemAt, type Problem } from "../../src/core/problem.ts";
import { at, keyId } from "../core/build.ts";

/** The report of a reconcile pass in which there was nothing to do. */
export function report(own: Partial<PassReport> = {}): PassReport {
  return {
    version: 1,
    pass: "pass-1",
    kind: "reconcile",
    startedAt: "2026-09-01T12:00:00.000Z",
    endedAt: "2026-09-01T12:00:01.250Z",
    trusted: true,
    error: null,
    summary: { desired: 3, enforced: 3, live: 5, changes: 0, held: 0, unchanged: 3, tightens: 0, loosens: 0 },
    problems: [],
    notices: [],
    refusals: [],
    heldDigest: null,
    unfinished: [],
    applied: 0,
    awaiting: 0,
    requests: { reads: 1, writes: 0, throttledMs: 0 },
    overrides: { inForce: 0, next: null },
    ...own,
  };
}

export function outcome(kind: Outcome["outcome"], own: Partial<Outcome> = {}): Outcome {
  return { keyId: keyId(1), policy: "team", outcome: kind, status: null, attempts: 1, message: kind, ...own };
}

export function notice(kind: Notice["kind"], message = `it is ${kind}`): Notice {
  return { kind, keyId: keyId(1), policy: "team", message };
}

export function problem(message: string, own: Partial<Problem> = {}): Problem {
  return { ...problemAt("KS1204", at(7), { path: "spec.key.name", message }), ...own };
}
