import { describe, expect, test } from "vitest";
import { explainKey } from "../../src/core/explain.ts";
import { forecast } from "../../src/core/forecast.ts";
import { judgePlan } from "../../src/core/guard.ts";
import { policyCourses } from "../../src/core/policy-courses.ts";
import { plain } from "../../src/render/color.ts";
import { humanCourses } from "../../src/render/human-courses.ts";
import { humanExplain } from "../../src/render/human-explain.ts";
import { humanPlan } from "../../src/render/human-plan.ts";
import { humanStatus } from "../../src/render/human-status.ts";
import { githubPlan } from "../../src/render/github-plan.ts";
import { planJson } from "../../src/render/json.ts";
import { keyId, now, plan, policy, policySet, resolve, settleMs } from "../core/build.ts";
import { checkedResult } from "./results.ts";
import { controls, hostile, report, samplePlan } from "./samples.ts";

const day = (n: number): string => `2026-10-${String(n).padStart(2, "0")}T00:00:00Z`;
const look = { paint: plain, all: false };

describe("what overrides will change, for people", () => {
  test("stands in the order in which it comes, over all policies", () => {
    const policies = [
      policy({ name: "a", key: { name: "x" }, overrides: [{ until: day(9), key: { name: "y" } }] }),
      policy({
        name: "b",
        keyIds: [keyId(2), keyId(3)],
        mode: "report",
        key: { name: "x" },
        overrides: [{ from: day(8), until: day(10), key: { name: "x" }, reason: "drill" }],
      }),
      policy({ name: "c", keyIds: [keyId(4)], mode: "paused", overrides: [{ until: day(9), key: {} }] }),
    ];
    const { desired } = resolve({ policies });
    expect(humanCourses(policyCourses(desired.values()), look)).toBe(`\
override begins 2026-10-08T00:00:00Z (b, 2 keys, only reported): drill policies/b.yaml:101
  nothing changes by it
override ends 2026-10-09T00:00:00Z (a, 1 key): a reason policies/a.yaml:101
  ~ name: y -> x (neutral, policies/a.yaml:12)
override ends 2026-10-10T00:00:00Z (b, 2 keys, only reported): drill policies/b.yaml:101
  nothing changes by it
`);
  });

  test("is cut to the nearest ten unless all is asked for", () => {
    const overrides = Array.from({ length: 12 }, (_, n) => ({ until: day(n + 1), key: { name: `n${n}` } }));
    const { desired } = resolve({ policies: [policy({ key: { name: "x" }, overrides })] });
    const courses = policyCourses(desired.values());
    const text = humanCourses(courses, look);
    expect(text.match(/^override/gm)).toHaveLength(10);
    expect(text).toMatch(/\.\.\. and 2 more beginnings and ends \(--all shows them\)\n$/);
    expect(humanCourses(courses, { ...look, all: true }).match(/^override/gm)).toHaveLength(12);
  });

  test("cannot be forged by what a policy says", () => {
    const overrides = [{ until: day(9), reason: hostile, key: { name: hostile } }];
    const set = policySet({
      policies: [policy({ name: "x", key: { name: hostile, description: null }, overrides })],
    });
    const resolution = resolve(set);
    const courses = policyCourses(resolution.desired.values());
    const view = { courses, at: now };
    const sight = { kind: "unseen" } as const;
    const applied = new Map<string, never>();
    const explanation = explainKey({ keyId: keyId(1), set, resolution, applied, sight, now, settleMs });
    const explained = { explanation, key: null, from: null, seenAt: null, now, problems: [] };
    const overridden = { inForce: 1, next: { at: day(9), policy: hostile } };
    const texts = [
      humanPlan(plan({ resolution, now: Date.parse(day(8)) }), plain, view),
      humanExplain(explained, plain),
      humanStatus(
        {
          report: { ...report, overrides: overridden },
          interrupted: false,
          held: [],
          quarantined: [],
          now,
          paused: null,
          live: false,
          doing: null,
          next: null,
        },
        plain,
      ),
    ];
    for (const text of texts) expect(text).not.toMatch(controls);
  });
});

describe("a forecast of which the guard would hold something", () => {
  const at = Date.parse(day(9));
  const judged = judgePlan(samplePlan, {
    limits: { changed: 0, loosened: null, shrunk: null, floor: 0 },
    lastListed: null,
    foreign: false,
    isOwn: () => false,
    now: 0,
    budget: { requests: 1, perMs: 1_000 },
  });
  const made = forecast(judged, at);

  test("names nothing that could be approved, in any form", () => {
    expect(judged.heldDigest).not.toBe(null);
    const forms = [
      humanPlan(made, plain, { at }),
      planJson(made, [], { at }),
      githubPlan({ plan: made, at }, []),
    ];
    for (const form of forms) {
      expect(form).not.toContain(judged.heldDigest);
      expect(form).not.toContain(judged.digest);
      expect(form).not.toMatch(/keysteward (?:approve|apply)/);
    }
    expect(forms[0]).toContain("\n2 changes would be held.\n");
    expect(forms[2]).toContain("- **would be held** `2 of 2 enforced keys would change");
  });

  test("is the same for the same changes and moment, and another for any other moment", () => {
    expect(forecast(judged, at).digest).toBe(made.digest);
    expect(forecast(judged, at + 1).digest).not.toBe(made.digest);
    checkedResult("plan", planJson(made, [], { at }));
  });
});
