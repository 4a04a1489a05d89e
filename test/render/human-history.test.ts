import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { describe, expect, test } from "vitest";
import type { AuditEvent, ChainReport, HistoryLine } from "../../src/core/history.ts";
import type { Json, JsonObject } from "../../src/core/policy.ts";
import { plain } from "../../src/render/color.ts";
import { humanHistory, humanVerdict } from "../../src/render/human-history.ts";
import { historyJson, verdictJson } from "../../src/render/history-json.ts";
import { keyId, now } from "../core/build.ts";
import { controls, hostile } from "./samples.ts";

const schema = JSON.parse(
  readFileSync(new URL("../../schema/results.schema.json", import.meta.url), "utf8"),
) as object;
const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
formats.default(ajv);
ajv.addSchema(schema);

function checked(kind: "history" | "verdict", text: string): any {
  const validate = ajv.getSchema(`urn:keysteward:results:v1#/$defs/${kind}`)!;
  const result = JSON.parse(text) as unknown;
  expect(validate(result), JSON.stringify(validate.errors)).toBe(true);
  return result;
}

function line(event: AuditEvent, detail: JsonObject = {}, own: Partial<HistoryLine> = {}): HistoryLine {
  const from = { policy: "search", file: "policies/search.yaml", line: 5, commit: null, author: null };
  return { seq: 1, at: now, pass: "pass-1", keyId: keyId(1), ...from, event, detail, hash: "ab", ...own };
}

const field = {
  path: "scopes",
  from: null,
  to: ["logs.view"],
  why: "drift",
  file: "policies/a.yaml",
  line: 7,
};
const view = { paint: plain, limit: 50 };

describe("a request", () => {
  test("that nobody learnt the end of says so", () => {
    const text = humanHistory(
      [{ first: line("claimed", { fields: [field], top: ["scopes"] }), rest: [] }],
      view,
    );
    expect(text).toBe(
      `2026-09-01T12:00:00.000Z ${keyId(1)} search policies/search.yaml:5 (line 1)\n` +
        `  ~ scopes: (empty) -> ["logs.view"] (drift, policies/a.yaml:7)\n` +
        "  how it ended was never learnt\n",
    );
  });

  test("is told with what was read back afterwards, and when", () => {
    const field = (path: string, read: Json, shown: boolean): JsonObject => ({ path, set: "x", read, shown });
    const rest = [
      line(
        "unknown",
        { message: "no answer", status: null, attempts: 3, errorCode: null },
        { at: now + 250, seq: 2 },
      ),
      line("read-back", { fields: [field("scopes", ["logs.view"], true)] }, { at: now + 60_000, seq: 3 }),
      line("read-back", { fields: [field("name", "other", false)] }, { at: now + 61_000, seq: 8 }),
      line("read-back", { fields: [], unprovable: ["scopes"] }, { at: now + 61_500, seq: 9 }),
      line(
        "read-back",
        { message: "no read shows this key", paths: ["name"] },
        { at: now + 62_000, seq: 10 },
      ),
    ];
    const text = humanHistory([{ first: line("claimed", {}), rest }], view);
    expect(text.split("\n").slice(1)).toEqual([
      "  unknown: 3 attempts, no answer, 250 ms later (line 2)",
      "  read back as it was set, at 2026-09-01T12:01:00.000Z (line 3)",
      '  read back: name reads "other", at 2026-09-01T12:01:01.000Z (line 8)',
      "  read back: no read shows scopes, so it cannot be proved, at 2026-09-01T12:01:01.500Z (line 9)",
      "  read back: no read shows this key, at 2026-09-01T12:01:02.000Z (line 10)",
      "",
    ]);
    const [entry] = checked("history", historyJson([{ first: line("claimed"), rest }])).entries;
    expect(entry).toMatchObject({ outcome: "unknown", commit: null, fields: [], uncommitted: false });
  });

  test("whose value was found without an answer says so, and has ended; one that was never sent has not", () => {
    const found = line("applied", { found: true, fields: ["name", "scopes"] }, { at: now + 60_000, seq: 3 });
    const told = (...rest: HistoryLine[]): [string | undefined, unknown] => {
      const entry = { first: line("claimed"), rest };
      const [{ outcome }] = checked("history", historyJson([entry])).entries;
      return [humanHistory([entry], view).trimEnd().split("\n").at(-1), outcome];
    };
    const text = "  found later as it was to be set: name, scopes, at 2026-09-01T12:01:00.000Z (line 3)";
    expect(told(found)).toEqual([text, "applied"]);
    expect(told(line("unknown"), found)).toEqual([text, "applied"]);
    expect(told(line("withdrawn"), found)).toEqual([text, "withdrawn"]);
    expect(told(line("unknown"))[1]).toBe("unknown");
    expect(told()).toEqual(["  how it ended was never learnt", null]);
  });

  test("whose value before is not known, or which has edits that were not committed, says that", () => {
    const { from: _from, ...unseen } = field;
    const origin = { commit: "c".repeat(40), author: "writer <writer@example.com>" };
    const first = line("claimed", { fields: [unseen], uncommitted: true }, origin);
    const text = humanHistory([{ first, rest: [line("applied", { status: 200, attempts: 1 })] }], view);
    expect(text).toContain("unseen -> ");
    expect(text).toContain(
      "commit cccccccccccc by writer <writer@example.com>, with edits that were not committed\n",
    );
    expect(text).toContain("  applied: status 200, 0 ms later (line 1)\n");
  });
});

test("whether a file was uncommitted is said of each value's own file", () => {
  const own = { ...field, path: "name", file: "policies/search.yaml" };
  const profile = { ...field, commit: "c".repeat(40), author: "a" };
  const told = (detail: JsonObject, of: JsonObject): boolean[] => {
    const first = line("claimed", { fields: [own, { ...profile, ...of }], ...detail });
    const [entry] = checked("history", historyJson([{ first, rest: [] }])).entries;
    return [entry, ...entry.fields].map(({ uncommitted }: any) => uncommitted as boolean);
  };
  expect(told({}, {})).toEqual([false, false, false]);
  expect(told({ uncommitted: true }, {})).toEqual([true, true, false]);
  expect(told({}, { uncommitted: true })).toEqual([false, false, true]);
});

test.each(["forgotten", "restored", "approved", "held", "applied"] as const)(
  "%s is told by itself, and keeps the schema",
  (event) => {
    const entry = { first: line(event, { reason: "because" }), rest: [] };
    expect(humanHistory([entry], view)).toMatch(new RegExp(`^  ${event}`, "m"));
    expect(checked("history", historyJson([entry])).entries[0]).toMatchObject({ event, outcome: null });
  },
);

test("as many as were asked for may not be all", () => {
  const entries = [{ first: line("claimed"), rest: [] }];
  expect(humanHistory(entries, { ...view, limit: 1 })).toMatch(/latest 1; --limit shows more/);
  expect(humanHistory(entries, { ...view, limit: 2 })).not.toContain("--limit");
});

test("whatever somebody stored or is called moves no cursor, and stops nothing", () => {
  const fields = [
    { ...field, path: hostile, to: hostile, file: hostile, commit: hostile, author: hostile },
    7,
    {},
  ];
  const own = { keyId: hostile, policy: hostile, file: hostile, commit: hostile, author: hostile, at: 1e300 };
  const first = line("claimed", { fields, message: hostile }, own);
  const rest = [line("applied", { message: hostile }, own), line(hostile as AuditEvent, { a: hostile }, own)];
  expect(controls.test(humanHistory([{ first, rest }], view))).toBe(false);
  expect(historyJson([{ first, rest }])).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
});

describe("the verdict", () => {
  const whole: ChainReport = {
    lines: 7,
    before: 0,
    trimmed: null,
    last: { seq: 7, hash: "ab" },
    broken: null,
  };

  test("on a whole trail says what to note elsewhere", () => {
    expect(humanVerdict(whole, plain)).toBe("whole: 7 lines\n  last: line 7, hash ab\n");
    expect(checked("verdict", verdictJson(whole))).toEqual({ version: 1, ok: true, ...whole });
  });

  test("tells what is older than the chain, and what was taken off", () => {
    const report = { ...whole, before: 1, trimmed: { seq: 3, hash: "" }, last: { seq: 4, hash: "" } };
    expect(humanVerdict(report, plain)).toBe(
      "whole: 7 lines\n  last: line 4, hash (none)\n" +
        "  1 line of them from before the chain began: they carry no hash\n" +
        "  lines up to 3 were taken off the front (audit.keep, audit.most)\n",
    );
    checked("verdict", verdictJson(report));
  });

  test("on a broken one names the first line that is wrong, and how", () => {
    for (const how of ["changed", "missing", "inserted", "reordered", "truncated"] as const) {
      const report = { ...whole, last: null, broken: { seq: 8, how, message: "so it is" } };
      expect(humanVerdict(report, plain)).toBe(`broken at line 8: ${how}: so it is\n`);
      expect(checked("verdict", verdictJson(report))).toMatchObject({ ok: false, broken: { how } });
    }
  });
});
