import { describe, expect, test } from "vitest";
import { judgePlan } from "../../src/core/guard.ts";
import { plain, type Paint } from "../../src/render/color.ts";
import { humanOutcomes, humanPlan } from "../../src/render/human-plan.ts";
import { plan, policy, unseen } from "../core/build.ts";
import { reviewView } from "./review.ts";
import { controls, hostile, outcomes, samplePlan } from "./samples.ts";

/** Shows what is painted, and how. */
const visible: Paint = (style, text) => `<${style}>${text}</>`;

const [one, two, three, nine] = ["1", "2", "3", "9"].map((n) => `0000000${n}-58cc-4372-a567-0e02b2c3d479`);

describe("a plan for people", () => {
  test("says what changes on which key, from what to what, why, and where it is written", () => {
    expect(humanPlan(samplePlan, plain)).toBe(`\
batch ${two} neutral policies/batch.yaml:5
  ~ scopes: unseen -> logs.view (new, policies/batch.yaml:12)

search ${one} loosens policies/search.yaml:5
  - expires_at: 2027-01-01T00:00:00Z -> (empty) (new, policies/search.yaml:14)
  ~ name: key -> search (drift, policies/search.yaml:15)
  ~ usage_limits.credit_limit: 100 -> 50 (new, policies/search.yaml:13)

missing ${three} (lost): not shown
orphaned ${nine} (team): the policy "team" (policies/team.yaml) no longer covers this key; it is left as it is: bring a policy back to manage it again, or end this notice with \`keysteward forget ${nine}\`

2 changes (0 tighten, 1 loosen); 3 keys governed of 1 live; digest ${samplePlan.digest}
`);
  });

  test("says what is held, why, and how to go on", () => {
    const context = { now: 0, budget: { requests: 1, perMs: 1_000 }, lastListed: null, isOwn: () => false };
    const limits = { changed: 0, loosened: null, shrunk: null, floor: 0 };
    const held = judgePlan(samplePlan, { ...context, limits, foreign: false });
    const text = humanPlan(held, plain);
    expect(text).toContain(`held search ${one} loosens policies/search.yaml:5\n`);
    expect(text).toContain("\nheld by changed: 2 of 2 enforced keys would change");
    expect(text).toContain(
      `\n2 changes held. To go on with exactly that: keysteward approve ${held.heldDigest!}\n`,
    );
    const foreign = humanPlan(judgePlan(plan({}), { ...context, limits, foreign: true }), plain);
    expect(foreign).toMatch(/^held by foreign: .*\n0 changes held\. .*\n\nNothing is written\. /);
  });

  test("marks with colours what to look at", () => {
    const text = humanPlan(samplePlan, visible);
    expect(text).toContain(`<bold>search</> ${one} <yellow>loosens</> <dim>policies/search.yaml:5</>`);
    expect(text).toContain("<yellow>-</> expires_at: 2027-01-01T00:00:00Z -> <yellow>(empty)</>");
    expect(text).toContain("<cyan>~</> name");
    expect(text).toContain("<green>~</> usage_limits.credit_limit: 100 -> <green>50</>");
    expect(text).toContain(`<yellow>orphaned</> ${nine}`);
  });

  test.each([false, true])("is what the golden file shows, all of it: %s", async (all) => {
    const { plan: made, ...view } = reviewView;
    await expect(humanPlan(made, plain, { ...view, all })).toMatchFileSnapshot(
      `golden/plan${all ? ".all" : ""}.txt`,
    );
  });

  test("says so when there is nothing to change", () => {
    expect(humanPlan(plan({}), plain)).toBe("Nothing to change. 0 keys governed of 1 live.\n");
    expect(humanPlan(plan({ pass: "edit" }), plain)).toBe("Nothing to change. 0 keys.\n");
  });

  test("cannot be forged by names, values, paths and messages from outside", () => {
    const key = { name: hostile, defaults: { metadata: { [hostile]: hostile } } };
    const place = { file: `policies/${hostile}.yaml`, line: 1, column: 1 };
    const made = plan({
      policies: [policy({ name: hostile, place, key })],
      sightOf: unseen,
    });
    const told = { ...made, notices: [{ ...samplePlan.notices[0]!, policy: hostile, message: hostile }] };
    const text = humanPlan(told, plain);
    expect(text.split("\n").filter((line) => controls.test(line))).toEqual([]);
    expect(text.split("\n").filter((line) => line.startsWith("error"))).toEqual([]);
    expect(text.trimEnd().split("\n")).toHaveLength(made.changes[0]!.fields.length + 5);
  });
});

describe("outcomes for people", () => {
  test("name what was not applied, and count the rest", () => {
    expect(humanOutcomes(outcomes, plain)).toBe(
      `rejected ${two} (batch): it says no\n1 of 2 changes applied.\n`,
    );
  });

  test("cannot be forged by what the server says", () => {
    const text = humanOutcomes([{ ...outcomes[1]!, message: hostile }], plain);
    expect(text.split("\n")).toHaveLength(3);
    expect(controls.test(text)).toBe(false);
  });
});
