import { expect, test } from "vitest";
import { plain } from "../../src/render/color.ts";
import { humanStatus } from "../../src/render/human-status.ts";
import type { Standing } from "../../src/render/standing.ts";
import type { PassReport } from "../../src/core/outcome.ts";
import { keyId } from "../core/build.ts";
import { controls, hostile, outcomes, problems, report, samplePlan } from "./samples.ts";

/** What the state alone knows. */
function standing(own: Partial<PassReport> = {}, around: Partial<Standing> = {}): Standing {
  return {
    report: { ...report, ...own },
    interrupted: false,
    held: [],
    paused: null,
    live: false,
    doing: null,
    next: null,
    quarantined: [],
    now: 0,
    ...around,
  };
}

test("when all is well, the status is three lines", () => {
  expect(humanStatus(standing(), plain)).toBe(`\
in sync: last pass 5f0f7a2e-0000-4000-8000-000000000000 (reconcile) ended 2026-09-01T12:00:03.000Z
  1 key governed, 2 changes planned, 2 applied
  1 read, 2 writes, 250 ms throttled
`);
});

test("when it is not, each reason has a line, and the problems their places", () => {
  const text = humanStatus(
    standing({
      trusted: false,
      error: { code: "STATE_WRITE_FAILED", message: "the disk is full" },
      unfinished: outcomes.slice(1),
      notices: samplePlan.notices.slice(0, 1),
      problems,
    }),
    plain,
  );
  expect(text.split("\n").slice(0, 9)).toEqual([
    "not in sync: last pass 5f0f7a2e-0000-4000-8000-000000000000 (reconcile) ended 2026-09-01T12:00:03.000Z",
    "  1 key governed, 2 changes planned, 2 applied",
    "  1 read, 2 writes, 250 ms throttled",
    "  failed: STATE_WRITE_FAILED: the disk is full",
    "  the policy directory cannot be believed: nothing is written",
    "  rejected 00000002-58cc-4372-a567-0e02b2c3d479: it says no",
    "  missing 00000003-58cc-4372-a567-0e02b2c3d479: not shown",
    "  1 error, 1 warning:",
    "policies/team.yaml:7:1 error KS1204 wrong-value spec.key.name",
  ]);
});

test("the verdict is green or red", () => {
  const verdict = (own: Partial<typeof report>): string | undefined =>
    humanStatus(standing(own), (style, text) => `<${style}>${text}</>`).split(":")[0];
  expect([verdict({}), verdict({ trusted: false })]).toEqual(["<green>in sync</>", "<red>not in sync</>"]);
});

test("it cannot be forged by what was stored of outside texts", () => {
  const text = humanStatus(
    standing({
      error: { code: "unavailable", message: hostile },
      unfinished: [{ ...outcomes[1]!, message: hostile }],
      notices: [{ ...samplePlan.notices[0]!, message: hostile }],
    }),
    plain,
  );
  const lines = text.split("\n");
  expect(lines.filter((line) => controls.test(line))).toEqual([]);
  expect(lines).toHaveLength(7);
});

test("what is held, and that nothing is written, is told with the one command to go on", () => {
  const refusals = [{ rule: "changed", message: "too many", limit: 1, actual: 2, approve: "x" }] as const;
  const held = { digest: "0123456789abcdef", pass: "reconcile", at: 0, refusals, changes: [] } as const;
  const text = humanStatus(standing({}, { held: [held], paused: 1_000 }), plain);
  expect(text.split("\n").slice(0, 1)).toEqual([expect.stringMatching(/^not in sync: /)]);
  // Right below the verdict: what somebody has to do something about.
  expect(text.split("\n").slice(1, 5)).toEqual([
    "  paused since 1970-01-01T00:00:01.000Z: nothing is written until you say keysteward resume",
    "  held since 1970-01-01T00:00:00.000Z (reconcile): 0 changes",
    "  held by changed: too many",
    "    to go on: keysteward approve 0123456789abcdef",
  ]);
});

test("what is kept at its last good value is told by its cause, with its age, and once", () => {
  const quarantined = [3, 4, 5, 6, 7, 8, 9].map((n) => {
    const own = n === 3 ? { since: 0, why: "a.yaml:2: no YAML (KS1101)" } : { since: 60_000, why: hostile };
    return { keyId: keyId(n), policy: `p${n}`, file: "a.yaml", ...own };
  });
  const kept = { kind: "quarantined", keyId: keyId(3), policy: "p3", message: "told once" } as const;
  const notices = [kept, { ...kept, keyId: keyId(1), message: "not in the state yet" }];
  const text = humanStatus(standing({ notices }, { quarantined, now: 7_200_000 }), plain);
  const lines = text.split("\n");
  expect(lines[0]).toMatch(/^not in sync: /);
  expect(lines.slice(1, 3)).toEqual([
    "  quarantined for 2 hours, since 1970-01-01T00:00:00.000Z: 1 key kept at the last good value, a.yaml:2: no YAML (KS1101)",
    `    ${keyId(3)} (p3)`,
  ]);
  expect(lines[3]).toContain("quarantined for 1 hour, since 1970-01-01T00:01:00.000Z: 6 keys kept");
  expect(lines.slice(8, 10)).toEqual([`    ${keyId(8)} (p8)`, "    ... and 1 more"]);
  expect(lines).toContain(`  quarantined ${keyId(1)}: not in the state yet`);
  expect(lines.filter((line) => controls.test(line))).toEqual([]);
});

test("a daemon also says what it is doing, and when it looks next", () => {
  const next = "2026-09-01T12:15:00.000Z";
  const idle = humanStatus(standing({}, { live: true, next }), plain);
  expect(idle).toContain(`  the daemon is idle; the schedule rings ${next}\n`);
  const doing = { kind: "edit", since: 0 } as const;
  const busy = humanStatus(standing({}, { live: true, doing, next }), plain);
  expect(busy).toContain("the daemon is in an edit pass since 1970-01-01T00:00:00.000Z");
});
