import { expect, test } from "vitest";
import { createSourceText } from "../../src/policy-dir/source-text.ts";

test("a frame marks where a line goes on, on either side, so that a piece of a secret is known for one", () => {
  const source = createSourceText("a.yaml", "0123456789".repeat(40));
  expect(source.frameAt(0)).toMatch(/^> 1 \| 0123.*\d…$/m);
  expect(source.frameAt(200)).toMatch(/^> 1 \| …\d.*\d…$/m);
  expect(source.frameAt(399)).toMatch(/^> 1 \| …\d.*9$/m);
  expect(createSourceText("a.yaml", "short").frameAt(0)).not.toContain("…");
});
