import { readFileSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { configSchema, type Option, options } from "../../src/config/options.ts";

const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");

const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

function codeIn(cell = ""): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
}

test("the page and the schema name the same options, flags, variables and defaults, in the same order", () => {
  const fromPage = rows.map(([key, flag, variables, fallback]) => ({
    key: codeIn(key)[0],
    flag: codeIn(flag)[0],
    variables: codeIn(variables),
    default: codeIn(fallback)[0],
  }));
  const fromSchema = options.map(({ key, flag, variables, default: fallback }) => ({
    key,
    flag,
    variables,
    default: fallback === undefined ? undefined : `${fallback as string | number}`,
  }));
  expect(fromPage).toEqual(fromSchema);
});

test("the bounds on the page are the ones that are enforced", () => {
  const bounds = rows.flatMap(([key, , , , range]) => {
    const match = /(\S+) to (\S+)$/.exec(range ?? "");
    return match === null ? [] : [{ key: codeIn(key)[0]!, least: match[1]!, most: match[2]! }];
  });
  expect(bounds.length).toBeGreaterThan(8);
  for (const { key, least, most } of bounds) {
    const variable = options.find((option) => option.key === key)!.variables[0]!;
    const load = (value: string) => () =>
      loadConfig({ flags: {}, env: { [variable]: value }, cwd: tmpdir() });
    const beyond = most.replace(/^\d+/, (digits) => String(Number(digits) + 1));
    expect(load(least)).not.toThrow();
    expect(load(most)).not.toThrow();
    expect(load(beyond)).toThrow(key);
  }
});

test("the file on the page is valid and gives every option", () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(page)![1]!;
  const cwd = mkdtempSync(join(tmpdir(), "keysteward-docs-"));
  try {
    writeFileSync(join(cwd, "keysteward.yaml"), example);
    const config = loadConfig({ flags: {}, env: {}, cwd });
    expect(config.warnings).toEqual([]);
    for (const { path } of options) {
      expect(example).toMatch(new RegExp(`^\\s*${path.at(-1)!}: `, "m"));
    }
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});

interface Node {
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly properties?: Record<string, Node>;
}

test("every option in the schema is described, and its default and examples are accepted", () => {
  const nodeOf = ({ path }: Option): Node => {
    let node: Node = configSchema;
    for (const name of path) {
      node = node.properties![name]!;
    }
    return node;
  };
  for (const option of options) {
    const node = nodeOf(option);
    expect(node.description, option.key).toMatch(/\.$/);
    expect(node.examples, option.key).not.toHaveLength(0);
    const values = [...node.examples!, ...(option.default === undefined ? [] : [option.default])];
    for (const value of values) {
      const env = { [option.variables[0]!]: String(value) };
      expect(() => loadConfig({ flags: {}, env, cwd: tmpdir() }), option.key).not.toThrow();
    }
  }
});
