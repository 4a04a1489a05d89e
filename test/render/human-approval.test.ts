import { expect, test } from "vitest";
import { plain } from "../../src/render/color.ts";
import { humanApproval } from "../../src/render/human-approval.ts";

const [asked, now] = ["0123456789abcdef", "fedcba9876543210"];
const nothing = {
  digest: asked,
  outcome: "nothing",
  applied: 0,
  unfinished: [],
  error: null,
  difference: null,
} as const;

test("where nothing is held under a digest, the one command that goes on is named", () => {
  expect(humanApproval({ ...nothing, held: [] }, plain)).toBe(
    `Nothing was approved: nothing is held under ${asked}.\n` +
      "Nothing is held now. What is left to do, if anything, shows: keysteward plan\n",
  );
  expect(humanApproval({ ...nothing, held: [{ digest: now, changes: 1 }] }, plain)).toBe(
    `Nothing was approved: nothing is held under ${asked}.\n` +
      `Held now: 1 change. Review with \`keysteward plan\`, then: keysteward approve ${now}\n`,
  );
});
