import { expect, test } from "vitest";
import { orderFrom } from "../../src/reconcile/restore-key.ts";
import { keyId } from "../core/build.ts";

test("an order from outside is one only with a key and a point of its own kind", () => {
  const order = (point: object | null): unknown => orderFrom({ keyId: keyId(1), point: point as never });
  const base = { keyId: keyId(1), expect: null, force: false };
  expect(order({ kind: "baseline", more: 1 })).toEqual({ ...base, point: { kind: "baseline" } });
  expect(order({ kind: "line", seq: 7 })).toEqual({ ...base, point: { kind: "line", seq: 7 } });
  expect(order({ kind: "instant", at: 7 })).toEqual({ ...base, point: { kind: "instant", at: 7 } });
  for (const point of [
    null,
    {},
    { kind: "line" },
    { kind: "line", seq: "7" },
    { kind: "instant", at: null },
  ]) {
    expect(order(point)).toBeUndefined();
  }
  expect(orderFrom({ keyId: 5, point: { kind: "baseline" } })).toBeUndefined();
});
