import { styleText } from "node:util";
import { expect, test } from "vitest";
import { paintFor, plain } from "../../src/render/color.ts";

const red = styleText("red", "x", { validateStream: false });

test.each([
  ["a terminal", { isTty: true, off: false, env: {} }, true],
  [
    "a terminal and an empty NO_COLOR, which is none",
    { isTty: true, off: false, env: { NO_COLOR: "" } },
    true,
  ],
  ["a terminal and NO_COLOR", { isTty: true, off: false, env: { NO_COLOR: "1" } }, false],
  ["a terminal and --no-color", { isTty: true, off: true, env: {} }, false],
  ["a pipe", { isTty: false, off: false, env: {} }, false],
  ["a pipe, whatever FORCE_COLOR says", { isTty: false, off: false, env: { FORCE_COLOR: "1" } }, false],
])("%s: colours are told from that alone", (_where, context, colours) => {
  expect(paintFor(context)("red", "x")).toBe(colours ? red : "x");
});

test("without colours a text stays as it is", () => {
  expect(plain("bold", "a\u001b[0mb")).toBe("a\u001b[0mb");
});
