import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { problemRules } from "../src/core/problem.ts";
import { createResolver, nothingLive } from "../src/core/resolve.ts";
import { runPolicyTests, type TestResult } from "../src/core/run-policy-tests.ts";
import { formatText } from "../src/policy-dir/format-text.ts";
import { defaultLimits } from "../src/policy-dir/limits.ts";
import { createPolicySource } from "../src/policy-dir/policy-source.ts";
import { plain } from "../src/render/color.ts";
import { humanTests } from "../src/render/test-report.ts";
import { keyId, liveKey } from "./core/build.ts";
import { makePlace } from "./e2e/cli.ts";

/* What the pages show is run, so that it stays true. */

const root = resolve(import.meta.dirname, "..");
const read = (name: string): string => readFileSync(join(root, name), "utf8");

function blocks(page: string, language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}[^\\n]*\\n(.*?)^\`\`\``, "gms"))].map(
    (match) => match[1]!,
  );
}

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keysteward-docs-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The examples name instants after it. */
const now = Date.parse("2026-11-25T12:00:00Z");

function problemsIn(directory: string): unknown[] {
  const set = createPolicySource({ directory }).load();
  return [...createResolver()(set, nothingLive(now)).problems];
}

describe("policies in the pages are valid", () => {
  test("README.md, with the example profiles", () => {
    cpSync(join(root, "policies/profiles"), join(folder, "profiles"), { recursive: true });
    const [example] = blocks(read("README.md"), "yaml");
    writeFileSync(join(folder, "example.yaml"), example!);
    expect(problemsIn(folder)).toEqual([]);
  });

  test("docs/policies.md", () => {
    const examples = blocks(read("docs/policies.md"), "yaml").filter((text) => text.includes("kind:"));
    expect(examples.length).toBeGreaterThan(0);
    examples.forEach((text, index) => writeFileSync(join(folder, `${index}.yaml`), text));
    expect(problemsIn(folder)).toEqual([]);
  });

  test("docs/policies.md says what its overrides make of the key, and when", () => {
    const page = read("docs/policies.md");
    const example = blocks(page, "yaml").find((text) => text.includes("overrides:"));
    writeFileSync(join(folder, "example.yaml"), example!);
    const set = createPolicySource({ directory: folder }).load();
    const rows = [...page.matchAll(/^\| (before|2026\S+) +\| (\d+) +\| (\d+) +\|$/gm)];
    expect(rows).toHaveLength(5);
    const instants = rows.map(([, when]) => (when === "before" ? now : Date.parse(when!)));
    for (const [index, [, , rate, budget]] of rows.entries()) {
      // From the row's instant on, until right before the next one.
      const last = (instants[index + 1] ?? Date.parse("2030-01-01T00:00:00Z")) - 1;
      for (const at of [instants[index]!, last]) {
        const [key] = createResolver()(set, nothingLive(at)).desired.values();
        expect(key?.fields.get("rate_limits")?.value).toMatchObject([{ value: Number(rate) }]);
        expect(key?.fields.get("usage_limits.credit_limit")?.value).toBe(Number(budget));
      }
    }
    expect(page).toContain("override of launch-page until 2026-12-01T00:00:00Z");
  });

  test("docs/policies.md: its selectors do what the page says", () => {
    const [example] = blocks(read("docs/policies.md"), "yaml selectors");
    writeFileSync(join(folder, "example.yaml"), example!);
    const team = { defaults: { metadata: { team: "search" }, config_id: null } };
    const live = [
      liveKey(1, { name: "search-bot", ...team }),
      liveKey(2, { name: "search-bot" }),
      liveKey(3, { name: "search-bot", type: "workspace-user" }),
    ];
    const set = createPolicySource({ directory: folder }).load();
    const { desired, problems } = createResolver()(set, { ...nothingLive(now), live });
    const asked = (id: string): unknown =>
      ["rate_limits", "alert_emails"].map((path) => desired.get(id)?.fields.get(path)?.value);
    const limit = (value: number): unknown => [{ type: "requests", unit: "rpm", value }];
    expect(problems).toEqual([]);
    expect(asked(keyId(1))).toEqual([limit(600), ["platform@example.com"]]);
    expect(asked(keyId(2))).toEqual([limit(100), ["platform@example.com"]]);
    expect([...desired.keys()]).toEqual([keyId(1), keyId(2)]);
  });

  test("docs/adopting.md", () => {
    const [example] = blocks(read("docs/adopting.md"), "yaml");
    writeFileSync(join(folder, "example.yaml"), example!);
    expect(problemsIn(folder)).toEqual([]);
  });

  test("and laid out as fmt does it", () => {
    for (const page of ["README.md", "docs/policies.md", "docs/adopting.md"]) {
      const examples = blocks(read(page), "yaml").filter((text) => text.includes("kind:"));
      for (const text of examples)
        expect(formatText(page, Buffer.from(text), defaultLimits)).toMatchObject({ text });
    }
  });

  test("the shipped examples", () => {
    expect(problemsIn(join(root, "policies"))).toEqual([]);
  });
});

test("docs/policies.md shows what a policy is told that offends against its guardrail", () => {
  const page = read("docs/policies.md");
  const [policy] = blocks(page, "yaml").filter((text) => text.includes("kind:"));
  const guardrail = blocks(page, "yaml").find((text) => text.includes("kind: Guardrail"));
  const offending = policy!.replace("credit_limit: 500", "credit_limit: 5000");
  expect(offending).not.toBe(policy);
  writeFileSync(join(folder, "policy.yaml"), offending);
  writeFileSync(join(folder, "guardrails.yaml"), guardrail!);
  const set = createPolicySource({ directory: folder }).load();
  const [problem, ...others] = createResolver()(set, nothingLive(now)).problems.filter(
    ({ code }) => code !== "KS1403",
  );
  expect(others).toEqual([]);
  const { code, rule, path, message } = problem!;
  expect(page).toContain(`${code} ${rule} ${path}\n  ${message.replace(folder, "policies")}\n`);
});

test("docs/policies.md: its policy tests pass, and one that fails is told as the page shows", () => {
  const page = read("docs/policies.md");
  const examples = blocks(page, "yaml").filter((text) => text.includes("kind:"));
  const named = (text: string): string =>
    text.includes("kind: PolicyTest")
      ? "search.test"
      : text.includes("name: launch-page")
        ? "launch"
        : "other";
  examples.forEach((text, index) =>
    writeFileSync(join(folder, `${named(text).replace("other", String(index))}.yaml`), text),
  );
  const results = (): readonly TestResult[] => {
    const set = createPolicySource({ directory: folder }).load();
    expect(set.testProblems).toEqual([]);
    return runPolicyTests(set, createResolver(), now);
  };
  expect(results()).toHaveLength(5);
  expect(results().flatMap(({ failures }) => failures)).toEqual([]);
  const file = join(folder, "search.test.yaml");
  const text = readFileSync(file, "utf8");
  writeFileSync(
    file,
    text.replace("key: { usage_limits: { credit_limit: 500", "key: { usage_limits: { credit_limit: 800"),
  );
  const [failed, ...others] = results().filter(({ failures }) => failures.length > 0);
  expect(others).toEqual([]);
  expect(page).toContain(humanTests([failed!], plain).replaceAll(folder, "policies"));
});

test("docs/policies.md names every hundred of the problem codes", () => {
  const page = read("docs/policies.md");
  const hundreds = new Set(Object.keys(problemRules).map((code) => `${code.slice(0, 4)}xx`));
  for (const hundred of hundreds) expect(page).toContain(hundred);
});

test("every command and flag that the pages use is there", async () => {
  const pages = ["README.md", "docs/commands.md", "docs/adopting.md", "docs/guard.md", "docs/systemd.md"]
    .map(read)
    .join("\n");
  const used = [...pages.matchAll(/keysteward ([a-z]+)((?: +--?[a-zA-Z-]+(?: [^-\s`#|]+)?)*)/g)];
  expect(used.length).toBeGreaterThan(6);
  const place = makePlace();
  try {
    const commands = new Map<string, string>();
    for (const [, command, flags = ""] of used) {
      if (!commands.has(command!)) {
        const { exitCode, stdout } = await place.run(command!, "--help");
        expect(exitCode, `keysteward ${command!}`).toBe(0);
        commands.set(command!, stdout);
      }
      for (const [flag] of flags.matchAll(/--[a-z-]+/g)) {
        if (flag !== "--help") expect(commands.get(command!), `${command!} ${flag}`).toContain(flag);
      }
    }
  } finally {
    await place.remove();
  }
}, 60_000);
