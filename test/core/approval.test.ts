import { describe, expect, test } from "vitest";
import { approvedBy, differenceOf, heldChange, isStanding, type Approval } from "../../src/core/approval.ts";
import type { Change } from "../../src/core/plan.ts";
import { applied, claimed, keyId, liveKey, now, own, plan, seen, unseen } from "./build.ts";

function changeOf(wanted: number, found: number, n = 1): Change {
  const live = liveKey(n, { usage_limits: { type: "cost", credit_limit: found } });
  const policies = [own(n, { usage_limits: { credit_limit: wanted } })];
  return plan({ policies, sightOf: seen(live) }).changes[0]!;
}

function approvalOf(...changes: readonly Change[]): Approval {
  return { digest: "0", pass: "reconcile", at: now, begun: true, changes: changes.map(heldChange) };
}

describe("an approval that has begun is for", () => {
  const approval = approvalOf(changeOf(100, 10));

  test("the same values in place of the same values", () => {
    expect(approvedBy(approval)(changeOf(100, 10))).toBe(true);
  });

  test("no other value, no other value before, no other key", () => {
    for (const change of [changeOf(101, 10), changeOf(100, 11), changeOf(100, 10, 2)]) {
      expect(approvedBy(approval)(change)).toBe(false);
    }
  });

  test("no field more than was approved, but for fewer", () => {
    const policies = [own(1, { usage_limits: { credit_limit: 100 }, name: "x" })];
    const live = liveKey(1, { usage_limits: { type: "cost", credit_limit: 10 } });
    const both = plan({ policies, sightOf: seen(live) }).changes[0]!;
    expect(approvedBy(approval)(both)).toBe(false);
    expect(approvedBy(approvalOf(both))(changeOf(100, 10))).toBe(true);
  });

  test("the same value where its request was begun and never answered, whatever is known of the one before", () => {
    const policies = [own(1, { usage_limits: { credit_limit: 100 } })];
    const open = applied({ "usage_limits.credit_limit": claimed(100) });
    const change = plan({ pass: "edit", policies, applied: open, sightOf: unseen }).changes[0]!;
    expect(change.fields).toMatchObject([{ why: "unconfirmed", from: undefined }]);
    expect(approvedBy(approval)(change)).toBe(true);
  });
});

test("an approval stands for an hour", () => {
  const approval = approvalOf();
  expect([isStanding(approval, now + 3_599_999), isStanding(approval, now + 3_600_000)]).toEqual([
    true,
    false,
  ]);
});

test("an approval that a clock which was ahead has dated in the future does not stand: it would outlast its hour", () => {
  const approval = approvalOf();
  expect([isStanding(approval, now), isStanding(approval, now - 1)]).toEqual([true, false]);
});

test("what differs between two held sets is told by key", () => {
  const before = [changeOf(100, 10, 1), changeOf(100, 10, 2), changeOf(100, 10, 3)].map(heldChange);
  const after = [changeOf(100, 10, 1), changeOf(100, 20, 2), changeOf(100, 10, 4)].map(heldChange);
  expect(differenceOf(before, after)).toEqual({ added: [keyId(4)], gone: [keyId(3)], altered: [keyId(2)] });
  expect(differenceOf(before, before)).toEqual({ added: [], gone: [], altered: [] });
});
