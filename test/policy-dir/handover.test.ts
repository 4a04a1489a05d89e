import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { createHandover } from "../../src/policy-dir/handover.ts";
import { defaultLimits } from "../../src/policy-dir/limits.ts";
import { listPolicyFiles } from "../../src/policy-dir/listing.ts";
import { createPolicySource } from "../../src/policy-dir/policy-source.ts";
import { policy, temporaryDirectory, writeTree } from "./support.ts";

function listed() {
  const root = temporaryDirectory();
  writeTree(root, { "a.yaml": policy("a", 1) });
  return { root, listing: listPolicyFiles(root, defaultLimits) };
}

test("what was offered is taken once", () => {
  const { listing } = listed();
  const handover = createHandover();
  expect(handover.take(undefined)).toBeUndefined();
  handover.offer(listing, undefined);
  expect(handover.take(undefined)).toBe(listing);
  expect(handover.take(undefined)).toBeUndefined();
});

test("it is gone when the event loop turns, since events may have come", async () => {
  const { listing } = listed();
  const handover = createHandover();
  handover.offer(listing, undefined);
  await Promise.resolve();
  expect(handover.take(undefined)).toBe(listing);
  handover.offer(listing, undefined);
  await setImmediate();
  expect(handover.take(undefined)).toBeUndefined();
});

test("it is not taken when git changed the checkout meanwhile", () => {
  const { listing } = listed();
  const handover = createHandover();
  handover.offer(listing, "before");
  expect(handover.take("after")).toBeUndefined();
  expect(handover.take("before")).toBeUndefined();
});

test("the reading after an offer uses it, the next one looks itself", () => {
  const { root, listing } = listed();
  const handover = createHandover();
  const source = createPolicySource({ directory: root, handover });
  writeTree(root, { "b.yaml": policy("b", 2) });
  handover.offer(listing, undefined);
  expect(source.load().policies.map(({ name }) => name)).toEqual(["a"]);
  expect(source.load().policies.map(({ name }) => name)).toEqual(["a", "b"]);
});
