import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultLimits } from "../../src/policy-dir/limits.ts";
import type { PolicyContent } from "../../src/core/policy.ts";
import { parsePolicies } from "../../src/policy-dir/parse-policies.ts";

function parse(text: string, limits = {}): PolicyContent {
  return parsePolicies("p/a.yaml", Buffer.from(text), { ...defaultLimits, ...limits });
}

const id = "f47ac10b-58cc-4372-a567-0e02b2c3d479";

function withKey(...lines: readonly string[]): string {
  return [
    "apiVersion: keysteward/v1",
    "kind: KeyPolicy",
    "metadata: { name: one }",
    `spec:`,
    `  keyId: ${id}`,
    "  key:",
  ]
    .concat(lines.map((line) => `    ${line}`))
    .join("\n");
}

const full = `# comment
---
apiVersion: keysteward/v1
kind: KeyPolicy
metadata:
  name: full.one
  labels: { team: search }
spec:
  keyIds:
    - F47AC10B-58CC-4372-A567-0E02B2C3D479
    - 7d444840-9dc0-41d1-b245-5ffdce74fad2
  mode: report
  profiles: [baseline, production]
  key:
    name: full
    description: null
    rate_limits: [{ type: requests, unit: rpm, value: 600 }]
    usage_limits: { type: cost, credit_limit: 0.5, alert_threshold: null, periodic_reset: null }
    scopes: [logs.view]
    defaults: { config_id: null, allow_config_override: false, metadata: { a/b~c: 1, on: on, z: null } }
    alert_emails: null
    expires_at: 2028-02-29T23:59:59.5+02:00
    rotation_policy: null
---
---
apiVersion: keysteward/v1
kind: Profile
metadata: { name: bare }
spec: {}
`;

test("a document that selects keys gives its attributes, their place and its priority", () => {
  const text = `apiVersion: keysteward/v1
kind: KeyPolicy
metadata: { name: select }
spec:
  match:
    workspace_id: F47AC10B-58CC-4372-A567-0E02B2C3D479
    name: "search-*"
    metadata: { team: search, tier: 2 }
  priority: 0
`;
  const [policy] = parse(text).policies;
  expect(policy).toMatchObject({
    keyIds: [],
    match: {
      value: {
        workspaceId: "F47AC10B-58CC-4372-A567-0E02B2C3D479",
        name: "search-*",
        metadata: { team: "search", tier: 2 },
      },
      place: { line: 5, column: 3 },
    },
    priority: 0,
  });
  expect(policy?.match?.value).not.toHaveProperty("workspace_id");
  const plain = parse(text.replace("  priority: 0\n", "")).policies[0];
  expect(plain).not.toHaveProperty("priority");
  expect(parse(full).policies[0]).not.toHaveProperty("match");
});

test("a document gives its values as written, ids in lower case, and the place of each", () => {
  const { documents, policies, problems, profiles } = parse(full);
  expect(problems).toEqual([]);
  expect(documents).toBe(2);
  const policy = policies[0]!;
  expect(policy).toMatchObject({
    name: "full.one",
    labels: { team: "search" },
    mode: "report",
    place: { file: "p/a.yaml", line: 3, column: 1 },
    keyIds: [
      { value: id, place: { line: 10, column: 7 } },
      { value: "7d444840-9dc0-41d1-b245-5ffdce74fad2", place: { line: 11, column: 7 } },
    ],
    profiles: [
      { value: "baseline", place: { line: 13, column: 14 } },
      { value: "production", place: { line: 13, column: 24 } },
    ],
  });
  expect(policy.key.value).toEqual({
    name: "full",
    description: null,
    rate_limits: [{ type: "requests", unit: "rpm", value: 600 }],
    usage_limits: { type: "cost", credit_limit: 0.5, alert_threshold: null, periodic_reset: null },
    scopes: ["logs.view"],
    defaults: { config_id: null, allow_config_override: false, metadata: { "a/b~c": 1, on: "on", z: null } },
    alert_emails: null,
    expires_at: "2028-02-29T23:59:59.5+02:00",
    rotation_policy: null,
  });
  const places = Object.fromEntries(
    [...policy.key.places].map(([at, place]) => [at, [place.line, place.column]]),
  );
  expect(places).toMatchObject({
    "": [14, 3],
    "/name": [15, 5],
    "/rate_limits": [17, 5],
    "/usage_limits/credit_limit": [18, 33],
    "/defaults/metadata/a~1b~0c": [20, 76],
  });
  expect(Object.keys(places).filter((at) => at.startsWith("/rate_limits/"))).toEqual([]);
  expect(profiles[0]).toMatchObject({ name: "bare", key: { value: {} }, place: { line: 26 } });
});

test("what is acknowledged has the places of its path and its end", () => {
  const entry = "{ path: name, until: 2027-01-31T18:00:00+01:00, reason: OPS-412 }";
  const { policies, problems } = parse(`${withKey("name: one")}\n  acknowledge:\n    - ${entry}\n`);
  expect(problems).toEqual([]);
  expect(policies[0]?.acknowledge).toMatchObject([
    {
      path: { value: "name", place: { line: 9, column: 15 } },
      until: { value: Date.parse("2027-01-31T17:00:00Z"), place: { line: 9, column: 28 } },
      reason: "OPS-412",
    },
  ]);
  const leap = entry.replace("18:00:00+01:00", "23:59:60Z");
  const refused = parse(`${withKey("name: one")}\n  acknowledge:\n    - ${leap}\n`);
  expect(refused.problems).toMatchObject([{ code: "KS1205", path: "spec.acknowledge[0].until" }]);
});

test("values are frozen, so that nobody downstream can change what a file said", () => {
  const { value } = parse(full).policies[0]!.key;
  expect(Object.isFrozen(value) && Object.isFrozen(value["rate_limits"])).toBe(true);
});

test("a byte order mark and Windows line ends change neither values nor places", () => {
  const plain = parse(full);
  const windows = parse(`\uFEFF${full.replaceAll("\n", "\r\n")}`);
  expect(windows).toEqual(plain);
});

test("columns count characters, not their parts", () => {
  const { problems } = parse(withKey('defaults: { metadata: { "😀😀": [1] } }'));
  expect(problems[0]).toMatchObject({ line: 7, column: 35 });
});

test("anchors and merge keys work, and places point to where the value stands", () => {
  const text = withKey(
    "usage_limits: &limits { type: cost, credit_limit: 5 }",
    "defaults:",
    "  metadata:",
    "    <<: [{ a: 1, b: 1 }, { b: 2, c: 2 }]",
    "    a: own",
  );
  const { policies, problems } = parse(text);
  expect(problems).toEqual([]);
  const { places, value } = policies[0]!.key;
  expect(value["defaults"]).toEqual({ metadata: { a: "own", b: 1, c: 2 } });
  expect(places.get("/defaults/metadata/b")).toMatchObject({ line: 10, column: 22 });
  expect(places.get("/defaults/metadata/a")).toMatchObject({ line: 11, column: 9 });
});

test("YAML 1.2: what 1.1 took for booleans, octals and sexagesimals is plain text or decimal", () => {
  const { policies } = parse(
    withKey(
      "defaults: { metadata: { a: yes, b: off, c: 012, d: 1:30, e: 1_000, f: true, g: 0x10, h: 1e2 } }",
    ),
  );
  expect(policies[0]!.key.value["defaults"]).toEqual({
    metadata: { a: "yes", b: "off", c: 12, d: "1:30", e: "1_000", f: true, g: 16, h: 100 },
  });
});

test.each(["", "\n", "# only a comment\n", "---\n", "---\n# c\n...\n---\n"])(
  "a file without a document may be what is left of one, and is told: %j",
  (text) => {
    const { policies, documents, problems } = parse(text);
    expect([policies, documents]).toEqual([[], 0]);
    expect(problems).toMatchObject([{ code: "KS1011", severity: "error", line: 1, column: 1 }]);
  },
);

test("an empty document beside others is nothing", () => {
  const profile = "apiVersion: keysteward/v1\nkind: Profile\nmetadata: { name: good }\nspec: {}\n";
  expect(parse(`---\n---\n${profile}---\n# end\n`)).toMatchObject({ problems: [], documents: 1 });
});

test("a document of the wrong shape costs only itself, broken syntax the whole file", () => {
  const profile = "apiVersion: keysteward/v1\nkind: Profile\nmetadata: { name: good }\nspec: {}\n";
  const shape = parse(`kind: Profile\n---\n${profile}`);
  expect(shape.profiles.map((one) => one.name)).toEqual(["good"]);
  expect(shape.documents).toBe(2);
  const tag = parse(`!x kind: y\n---\n${profile}`);
  expect(tag.profiles.map((one) => one.name)).toEqual(["good"]);
  const syntax = parse(`${profile}---\na: "b\n`);
  expect(syntax).toMatchObject({ policies: [], profiles: [], problems: [{ code: "KS1101" }] });
});

test("__proto__ is not accepted as a name, and no object is made with another prototype", () => {
  const { problems } = parse(withKey("defaults: { metadata: { __proto__: { a: 1 } } }"));
  expect(problems.map((one) => one.code)).toEqual(["KS1203"]);
});

test.each([
  ["documents", "KS1107", "---\na: 1\n".repeat(4), { documents: 3 }, "more than 3 documents"],
  ["aliases", "KS1105", "a: &a x\nb: [*a, *a, *a]\n", { aliases: 2 }, "at most 2 are followed"],
  ["values", "KS1105", "a: &a [x, x, x, x]\nb: [*a, *a]\n", { values: 12 }, "at most 12 are read"],
  ["depth", "KS1106", "a: &a [[x]]\nb: [[*a]]\n", { depth: 4 }, "deeper than 4 levels"],
  ["tokens", "KS1007", "a: 1\n".repeat(100), { tokens: 50 }, "more than 50 signs"],
])("the bound on %s is named, with what was found", (_bound, code, text, limits, message) => {
  const { problems } = parse(text, limits);
  expect(problems.map((one) => one.code)).toEqual([code]);
  expect(problems[0]!.message).toContain(message);
});

test("the problems of one document are bounded, and the rest is counted", () => {
  const fields = Array.from({ length: 30 }, (_, index) => `x${index}: 1`);
  const { problems } = parse(withKey(...fields), { problems: 5 });
  expect(problems).toHaveLength(6);
  expect(problems.at(-1)!.message).toContain("25 more problems");
});

test("no message quotes a long value, and no frame shows a long line", () => {
  const long = "v".repeat(5000);
  const texts = [
    withKey(`name: ${long}`),
    withKey(`${long}: 1`),
    withKey(`scopes: [${long}]`),
    `a: !${long} b`,
    `*${long}`,
  ];
  for (const problem of texts.flatMap((text) => parse(text).problems)) {
    expect(problem.message).not.toMatch(/v{81}/);
    expect(problem.path).not.toMatch(/v{81}/);
    expect(Math.max(...problem.frame!.split("\n").map((line) => line.length))).toBeLessThan(130);
  }
});

test("hostile text of a megabyte ends in problems, not in a hang", { timeout: 120_000 }, () => {
  const size = 1024 * 1024;
  for (const unit of [
    "[",
    "{",
    "- ",
    "a: ",
    "? ",
    "&a ",
    "!x ",
    "*a ",
    "%a\n",
    "[,",
    "]",
    "- [\n",
    ",",
    "#\n",
    "\n",
    '"',
  ]) {
    const { policies } = parse(unit.repeat(size / unit.length));
    expect(policies).toEqual([]);
  }
});

test("whatever the bytes are, parsing gives a result and places inside of the text", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expectSane(parsePolicies("p/a.yaml", bytes, defaultLimits), Buffer.from(bytes).toString("utf8"));
    }),
    { numRuns: 300 },
  );
});

test("whatever is cut out of, put into or moved within a policy, parsing gives a result and places inside of the text", () => {
  const pieces = [
    "'",
    '"',
    ":",
    "- ",
    "\n",
    "\t",
    "  ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "!t ",
    "---\n",
    "<<: ",
    "null",
    "~",
    "#",
    "|",
    "> ",
    "%",
    "1e999",
    "😀",
  ];
  const edit = fc.record({
    at: fc.nat(full.length),
    cut: fc.nat(20),
    piece: fc.constantFrom("", ...pieces),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
      const text = edits.reduce(
        (now, { at, cut, piece }) => now.slice(0, at) + piece + now.slice(at + cut),
        full,
      );
      expectSane(parse(text), text);
    }),
    { numRuns: 500 },
  );
});

function expectSane(content: PolicyContent, text: string): void {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  for (const problem of content.problems) {
    expect(problem.message.length).toBeGreaterThan(10);
    expect(problem.line).toBeLessThanOrEqual(lines.length);
    expect(problem.column).toBeLessThanOrEqual(Array.from(lines[problem.line - 1]!).length + 1);
  }
  for (const policy of content.policies) {
    expect(policy.keyIds.length).toBeGreaterThan(0);
    for (const [pointer, place] of policy.key.places) {
      const name = pointer.split("/").at(-1)!.replaceAll("~1", "/").replaceAll("~0", "~");
      const rest = Array.from(lines[place.line - 1]!)
        .slice(place.column - 1)
        .join("");
      expect(rest === "" ? name : rest).toContain(name === "" ? "" : name.slice(0, 1));
    }
  }
}

test("the place of a wrong value is where it stands, however the document is laid out", () => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/).filter((text) => text !== "name");
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { minLength: 1, maxLength: 6 }),
      fc.nat(5),
      fc.nat(3),
      (names, which, blanks) => {
        const wrong = names[which % names.length]!;
        const entries = names.map(
          (one) => `${" ".repeat(blanks)}${one}: ${one === wrong ? "[bad]" : "good"}`,
        );
        const text = withKey("defaults:", "  metadata:", ...entries.map((entry) => `    ${entry}`));
        const { problems } = parse(text);
        expect(problems).toHaveLength(1);
        const { column, line, path } = problems[0]!;
        expect(path).toBe(`spec.key.defaults.metadata.${wrong}`);
        expect(text.split("\n")[line - 1]!.slice(column - 1)).toBe("[bad]");
      },
    ),
  );
});
