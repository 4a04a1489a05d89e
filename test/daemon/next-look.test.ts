import { describe, expect, test } from "vitest";
import type { PassReport } from "../../src/core/outcome.ts";
import { momentWaitMs, nextLook, type NextLook } from "../../src/daemon/next-look.ts";
import { notice, outcome, problem, report } from "./reports.ts";

const settleMs = 60_000;

function look(own: Partial<PassReport>, failures = 0): NextLook | null {
  return nextLook(report(own), { failures, settleMs });
}

const soon = { afterMs: 5_000, failed: true };
const down = { code: "unavailable", message: "down" };

describe("a pass is followed by another one", () => {
  test.each<[string, Partial<PassReport>, NextLook | null]>([
    ["never, when everything is in sync", {}, null],
    ["never, when changes were applied", { applied: 3 }, null],
    ["never, for problems: an edit mends them", { problems: [problem("a typo")] }, null],
    ["never, for what the server refused", { unfinished: [outcome("rejected", { status: 422 })] }, null],
    ["never, for what was not sent: who stopped it knows why", { unfinished: [outcome("skipped")] }, null],
    [
      "never, for notices that time does not mend",
      { notices: [notice("not-reflected"), notice("held")] },
      null,
    ],
    ["never, when the credential is refused", { error: { code: "auth", message: "no" } }, null],
    ["never, when a change met that (401)", { unfinished: [outcome("failed", { status: 401 })] }, null],
    ["never, when the subscription ended (402)", { unfinished: [outcome("failed", { status: 402 })] }, null],
    ["soon, of its kind, when it failed as a whole", { error: down }, { kind: "reconcile", ...soon }],
    ["soon, of its kind, when an edit failed", { kind: "edit", error: down }, { kind: "edit", ...soon }],
    ["soon, an edit, when the directory cannot be believed", { trusted: false }, { kind: "edit", ...soon }],
    [
      "soon, when a change did not get through",
      { unfinished: [outcome("rejected"), outcome("failed", { status: 503 })] },
      { kind: "reconcile", ...soon },
    ],
    [
      "soon, when nobody knows whether a change took effect",
      { kind: "edit", unfinished: [outcome("unknown")] },
      { kind: "edit", ...soon },
    ],
    [
      "at once, reading, when an edit left what turned out to loosen",
      { kind: "edit", unfinished: [outcome("deferred")] },
      { kind: "reconcile", afterMs: 0, failed: false },
    ],
    [
      "soon, when a reconcile pass left it too: somebody changes the key under its hands",
      { unfinished: [outcome("deferred")] },
      { kind: "reconcile", ...soon },
    ],
    [
      "once it has settled, reading, when a read may have lagged",
      { notices: [notice("settling")] },
      { kind: "reconcile", afterMs: settleMs, failed: false },
    ],
    ["never, when it is read back anyway", { notices: [notice("settling")], awaiting: 1 }, null],
    [
      "once it has settled, reading, when it was read back before, whatever else is",
      { notices: [{ ...notice("settling"), wasShown: true }], awaiting: 1 },
      { kind: "reconcile", afterMs: settleMs, failed: false },
    ],
    [
      "soon rather than once it has settled",
      { notices: [notice("settling")], unfinished: [outcome("unknown")] },
      { kind: "reconcile", ...soon },
    ],
  ])("%s", (_rule, own, expected) => {
    expect(look(own)).toEqual(expected);
  });
});

test("a moment at which the policies change is waited for until it is over, and for a day at most", () => {
  expect(momentWaitMs(5_000, 1_000)).toBe(4_001);
  expect(momentWaitMs(1_000, 5_000)).toBe(1);
  expect(momentWaitMs(Date.parse("2027-01-01T00:00:00Z"), 0)).toBe(86_400_000);
});

test("the wait doubles with each failure in a row, up to five minutes", () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 7, 1_000].map((failures) => look({ error: down }, failures)?.afterMs);
  expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]);
});

test("what has to settle does not wait for longer because of failures before", () => {
  expect(look({ notices: [notice("settling")] }, 9)?.afterMs).toBe(settleMs);
});
