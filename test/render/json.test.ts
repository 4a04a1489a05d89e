import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { heldChange } from "../../src/core/approval.ts";
import { judgePlan } from "../../src/core/guard.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import type { Notice, PassKind } from "../../src/core/plan.ts";
import { applyJson, planJson, statusJson, validateJson } from "../../src/render/json.ts";
import { keyBlock, storedKey } from "../core/arbitraries.ts";
import {
  applied,
  confirmed,
  keyId,
  now,
  plan,
  policy,
  policySet,
  profile,
  propertyRuns,
} from "../core/build.ts";
import { picker, show } from "../core/model-shapes.ts";
import { readLiveKey } from "../../src/core/live.ts";
import { hostile, outcomes, problems, report, samplePlan } from "./samples.ts";

const schema = JSON.parse(
  readFileSync(new URL("../../schema/results.schema.json", import.meta.url), "utf8"),
) as object;
const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
formats.default(ajv);
ajv.addSchema(schema);

function validator(name: "validate" | "plan" | "apply" | "status"): ValidateFunction {
  return ajv.getSchema(`urn:keysteward:results:v1#/$defs/${name}`)!;
}

/** The result as read from the text, once it is known to keep its schema. */
function checked(name: "validate" | "plan" | "apply" | "status", text: string): Record<string, unknown> {
  const result = JSON.parse(text) as Record<string, unknown>;
  const validate = validator(name);
  expect(validate(result), JSON.stringify(validate.errors)).toBe(true);
  return result;
}

const requests = { reads: 3, writes: 1, throttledMs: 0 };

describe("a plan as JSON", () => {
  test("says of each change what a person is told, as data", () => {
    const result = checked("plan", planJson(samplePlan, problems));
    expect(result).toMatchObject({
      version: 1,
      digest: samplePlan.digest,
      pass: "reconcile",
      actions: [],
      refusals: [],
      summary: { desired: 3, enforced: 2, live: 1, changes: 2, unchanged: 1, tightens: 0, loosens: 1 },
    });
    expect((result["changes"] as object[])[0]).toEqual({
      keyId: keyId(2),
      policy: "batch",
      file: "policies/batch.yaml",
      line: 5,
      rank: "neutral",
      fields: [
        {
          path: "scopes",
          action: "set",
          to: ["logs.view"],
          why: "new",
          rank: "neutral",
          file: "policies/batch.yaml",
          line: 12,
        },
      ],
    });
  });

  test("leaves `from` out where it is unknown, and says null where it is empty", () => {
    const emptied = plan({
      policies: [policy({ key: { description: "a" } })],
      sightOf: (id) => ({
        kind: "seen",
        key: readLiveKey({ id, description: "" }, "list"),
        complete: false,
      }),
    });
    const [change] = checked("plan", planJson(emptied, []))["changes"] as { fields: object[] }[];
    expect(change?.fields[0]).toHaveProperty("from", null);
    const [unseen] = checked("plan", planJson(samplePlan, []))["changes"] as { fields: object[] }[];
    expect(unseen?.fields[0]).not.toHaveProperty("from");
  });

  test("carries problems without the lines of the file", () => {
    const told = checked("plan", planJson(samplePlan, problems))["problems"] as object[];
    expect(told).toHaveLength(2);
    expect(told[0]).not.toHaveProperty("frame");
    expect(told[0]).toMatchObject({ code: "KS1204", line: 7, column: 1, path: "spec.key.name" });
  });

  test("keeps its schema whatever is planned, and says nothing that is not JSON", () => {
    const ids = [1, 2, 3].map(keyId);
    const passes = fc.constantFrom<PassKind>("edit", "reconcile");
    fc.assert(
      fc.property(
        fc.tuple(...ids.map(() => keyBlock)),
        keyBlock,
        fc.tuple(...ids.map(() => storedKey)),
        passes,
        fc.integer(),
        (blocks, base, stored, pass, seed) => {
          const pick = picker(seed);
          const made = plan({
            pass,
            profiles: [profile({ name: "base", key: base })],
            policies: blocks.map((key, index) =>
              policy({ name: `p${index}`, keyIds: [ids[index]!], key, profiles: ["base"] }),
            ),
            applied: applied({ name: confirmed("before"), expires_at: confirmed(null, now) }),
            sightOf: (id) => {
              const key = stored[ids.indexOf(id)];
              if (key === undefined || pick(false, true, true)) return { kind: "unseen" };
              return { kind: "seen", key: readLiveKey(show(key, id, "get", pick), "get"), complete: true };
            },
          });
          const result = checked("plan", planJson(made, []));
          expect(result["changes"]).toHaveLength(made.changes.length);
          expect(result["notices"]).toEqual(made.notices);
        },
      ),
      { numRuns: propertyRuns },
    );
  });
});

test("the result of apply is the plan, and how each change of it went", () => {
  const result = checked("apply", applyJson({ plan: samplePlan, problems, outcomes, requests }));
  expect(result).toMatchObject({ digest: samplePlan.digest, outcomes, requests });
  const kinds = ["applied", "rejected", "failed", "unknown", "skipped", "not-reflected"] as const;
  const every: Outcome[] = kinds.map((outcome) => ({ ...outcomes[0]!, outcome, status: null }));
  checked("apply", applyJson({ plan: samplePlan, problems: [], outcomes: every, requests }));
});

const quiet = {
  interrupted: false,
  held: [],
  quarantined: [],
  paused: null,
  live: false,
  doing: null,
  next: null,
} as const;

test("the status is the report of the last pass and its verdict", () => {
  const result = checked("status", statusJson({ ...quiet, now: 0, report }));
  expect(result).toEqual({ ...report, ...quiet, inSync: true });
  const kinds = [
    "settling",
    "not-reflected",
    "refused",
    "drift",
    "released",
    "orphaned",
    "held",
    "quarantined",
    "paused",
  ] as const;
  const more = ["missing", "unreadable"] as const;
  const notices = [...kinds, ...more].map((kind): Notice => ({ ...samplePlan.notices[0]!, kind }));
  const error = { code: "unavailable", message: hostile };
  const worse = { ...report, error, notices, unfinished: outcomes };
  expect(checked("status", statusJson({ ...quiet, now: 0, report: worse }))).toMatchObject({
    inSync: false,
    error,
    notices,
  });
  expect(checked("status", statusJson({ ...quiet, now: 0, report: null }))).toMatchObject({
    pass: null,
    inSync: false,
  });
});

test("what is kept at its last good value is in plan and status, with since when and why", () => {
  const one = {
    keyId: keyId(3),
    policy: "lost",
    file: "policies/lost.yaml",
    since: 0,
    why: `it is ${hostile}`,
  };
  const told = { ...one, since: "1970-01-01T00:00:00.000Z" };
  const view = { quarantined: new Map([[one.keyId, one]]) };
  expect(checked("plan", planJson(samplePlan, [], view))).toMatchObject({ quarantined: [told] });
  expect(checked("plan", planJson(samplePlan, []))).toMatchObject({ quarantined: [] });
  const status = checked("status", statusJson({ ...quiet, now: 0, report, quarantined: [one] }));
  expect(status).toMatchObject({ inSync: false, quarantined: [told] });
});

test("the status holds what is held, and what the daemon is doing", () => {
  const judged = judgePlan(samplePlan, {
    limits: { changed: 0, loosened: null, shrunk: null, floor: 0 },
    lastListed: null,
    foreign: false,
    isOwn: () => false,
    now: 0,
    budget: { requests: 1, perMs: 1_000 },
  });
  const { refusals, heldDigest } = judged;
  const changes = judged.held.map(heldChange);
  const held = [{ digest: heldDigest!, pass: "reconcile", at: 0, refusals, changes }] as const;
  const doing = { kind: "edit", since: 0 } as const;
  const next = "2026-09-01T12:15:00.000Z";
  const status = statusJson({ ...quiet, now: 0, report, held, paused: 0, live: true, doing, next });
  expect(checked("status", status)).toMatchObject({
    inSync: false,
    held: [{ digest: heldDigest, since: "1970-01-01T00:00:00.000Z", changes: [{}, {}] }],
    paused: "1970-01-01T00:00:00.000Z",
    live: true,
    doing: { kind: "edit" },
    next,
  });
  expect(checked("plan", planJson(judged, []))).toMatchObject({ changes: [], held: [{}, {}], heldDigest });
});

test("the result of validate counts what was read, and is ok as long as there are only warnings", () => {
  const set = policySet({ policies: [policy()], profiles: [profile({ name: "base" })] });
  const [error, warning] = problems;
  expect(checked("validate", validateJson({ set, problems: [warning!] }))).toMatchObject({
    version: 1,
    ok: true,
    files: 2,
    documents: 2,
    policies: 1,
  });
  expect(checked("validate", validateJson({ set, problems: [error!, warning!] }))).toMatchObject({
    ok: false,
  });
});

test("control characters from outside are escaped, so that a line stays a line", () => {
  const text = planJson({ ...samplePlan, notices: [{ ...samplePlan.notices[0]!, message: hostile }] }, []);
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  expect(text.endsWith("}\n")).toBe(true);
});

test("the schema refuses a result of another version, and one that lacks a field", () => {
  const result = JSON.parse(planJson(samplePlan, problems)) as Record<string, unknown>;
  const { digest: _digest, ...rest } = result;
  expect([{ ...result, version: 2 }, rest].map((wrong) => validator("plan")(wrong))).toEqual([false, false]);
});
