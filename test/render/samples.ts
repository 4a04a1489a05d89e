import type { Outcome, PassReport } from "../../src/core/outcome.ts";
import type { Plan } from "../../src/core/plan.ts";
import { problemAt, type Problem } from "../../src/core/problem.ts";
import { applied, at, confirmed, keyId, live, plan, policy, seen } from "../core/build.ts";

/** Two keys to change, one that drifted and one that lost its policy. */
export const samplePlan: Plan = plan({
  policies: [
    policy({ name: "search", key: { usage_limits: { credit_limit: 50 }, expires_at: null, name: "search" } }),
    policy({ name: "batch", keyIds: [keyId(2)], key: { scopes: ["logs.view"] } }),
    policy({ name: "lost", keyIds: [keyId(3)], key: { name: "lost" } }),
  ],
  applied: new Map([
    ...applied({ name: confirmed("search") }),
    ...applied({ name: confirmed("x") }, keyId(9)),
  ]),
  sightOf: (id) =>
    id === keyId(2)
      ? { kind: "unseen" }
      : seen(live({ usage_limits: { type: "cost", credit_limit: 100 }, expires_at: "2027-01-01T00:00:00Z" }))(
          id,
        ),
});

export const problems: readonly Problem[] = [
  problemAt("KS1204", at(7), {
    path: "spec.key.name",
    message: 'the name is empty; give it at least one character, as in "search"',
    frame: "6 |   key:\n7 |     name: ''\n  |           ^^",
  }),
  problemAt("KS1207", at(12), { severity: "warning", message: "nobody knows this scope" }),
];

export const outcomes: readonly Outcome[] = [
  { keyId: keyId(1), policy: "search", outcome: "applied", status: 200, attempts: 1, message: "applied" },
  { keyId: keyId(2), policy: "batch", outcome: "rejected", status: 422, attempts: 1, message: "it says no" },
];

export const report: PassReport = {
  version: 1,
  pass: "5f0f7a2e-0000-4000-8000-000000000000",
  kind: "reconcile",
  startedAt: "2026-09-01T12:00:00.000Z",
  endedAt: "2026-09-01T12:00:03.000Z",
  trusted: true,
  error: null,
  summary: { desired: 1, enforced: 1, live: 4, changes: 2, held: 0, unchanged: 1, tightens: 1, loosens: 0 },
  problems: [],
  notices: [],
  refusals: [],
  heldDigest: null,
  unfinished: [],
  applied: 2,
  awaiting: 0,
  requests: { reads: 1, writes: 2, throttledMs: 250 },
  overrides: { inForce: 0, next: null },
};

/** Everything by which a text could forge a line, move a cursor, set a title or turn the writing direction. */
export const hostile = "a\u001b[2J\u001b]0;t\u0007\r\nerror forged\u009b31m\u202eb\u0000";

/** Control characters other than the line breaks that a renderer writes itself. */
export const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
