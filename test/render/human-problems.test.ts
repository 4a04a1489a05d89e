import { expect, test } from "vitest";
import { plain } from "../../src/render/color.ts";
import {
  countProblems,
  humanProblems,
  plural,
  printable,
  printableLines,
} from "../../src/render/human-problems.ts";
import { controls, hostile, problems } from "./samples.ts";

test("a problem has its place, code, rule, path, sentence, and the lines of the file where there are any", () => {
  expect(humanProblems(problems, plain)).toBe(`\
policies/team.yaml:7:1 error KS1204 wrong-value spec.key.name
  the name is empty; give it at least one character, as in "search"
    6 |   key:
    7 |     name: ''
      |           ^^
policies/team.yaml:12:1 warning KS1207 unknown-scope
  nobody knows this scope
`);
});

test("errors are red and warnings are yellow", () => {
  const text = humanProblems(problems, (style, inner) => `<${style}>${inner}</>`);
  expect(text).toContain(
    "<bold>policies/team.yaml:7:1</> <red>error</> KS1204 wrong-value <dim>spec.key.name</>",
  );
  expect(text).toContain("<yellow>warning</> KS1207");
});

test("neither file names, nor paths, messages or lines of a file can forge a line or move the cursor", () => {
  const [problem] = problems;
  const text = humanProblems(
    [
      {
        ...problem!,
        file: `policies/${hostile}`,
        path: hostile,
        message: hostile,
        frame: `1 | ${hostile}\n2 | b`,
      },
    ],
    plain,
  );
  const lines = text.split("\n");
  expect(lines.filter((line) => controls.test(line))).toEqual([]);
  // Place, message, and the lines of the frame, which are all indented.
  expect(lines.slice(2, -1).filter((line) => !line.startsWith("    "))).toEqual([]);
  expect(lines).toHaveLength(6);
});

test("nothing else of a text is changed", () => {
  const text = "Ünï 漢字 👩‍💻 \ttab – “quotes” \u2028";
  expect(printable(text)).toBe(text);
  expect(printable("a\nb\r\u001bc")).toBe("a\ufffdb\ufffd\ufffdc");
  expect(printableLines("a\nb\r\u001bc")).toBe("a\nb\ufffd\ufffdc");
});

test("counts have their plural", () => {
  expect(countProblems(problems)).toBe("1 error, 1 warning");
  expect(countProblems([])).toBe("0 errors, 0 warnings");
  expect([0, 1, 2].map((count) => plural(count, "key"))).toEqual(["0 keys", "1 key", "2 keys"]);
});
