import { DOMParser, onErrorStopParsing } from "@xmldom/xmldom";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { TestResult } from "../../src/core/run-policy-tests.ts";
import { plain } from "../../src/render/color.ts";
import { humanTests, testJson, testJunit, testVerdict } from "../../src/render/test-report.ts";
import { at } from "../core/build.ts";
import { checkedResult } from "./results.ts";

const result = (name: string, ...messages: readonly string[]): TestResult => ({
  test: "t",
  case: name,
  place: at(3, "policies/t.test.yaml"),
  failures: messages.map((message, index) => ({ place: at(5 + index, "policies/t.test.yaml", 7), message })),
});

test("a case has its line, and each of its failures one below it", () => {
  expect(humanTests([result("one"), result("two", "a", "b")], plain)).toBe(
    "t policies/t.test.yaml\n  passed one\n  failed two\n" +
      "    policies/t.test.yaml:5:7 a\n    policies/t.test.yaml:6:7 b\n",
  );
});

test("tests of one name in two files have a heading each", () => {
  const other = { ...result("one"), place: at(1, "policies/u.test.yaml") };
  expect(humanTests([result("one"), other], plain).match(/^t /gm)).toHaveLength(2);
});

test("the verdict counts cases, not failures", () => {
  const results = [result("one"), result("two", "a", "b"), result("three", "c")];
  expect(testVerdict({ tests: 1, results, problems: [] }, plain)).toBe(
    "failed: 1 test, 3 cases; 1 passed, 2 failed\n",
  );
});

test("whatever names and messages hold, lines stay lines, XML stays XML, and JSON keeps its schema", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (name, message) => {
      const results = [result(name, message), result("other")];
      const report = { tests: 1, results, problems: [] };
      expect(humanTests(results, plain).split("\n")).toHaveLength(5);
      const document = new DOMParser({ onError: onErrorStopParsing }).parseFromString(
        testJunit(report),
        "text/xml",
      );
      expect(document.getElementsByTagName("testcase")).toHaveLength(2);
      expect(document.getElementsByTagName("failure")).toHaveLength(1);
      expect(checkedResult("test", testJson(report))).toMatchObject({ ok: false, passed: 1, failed: 1 });
    }),
  );
});
