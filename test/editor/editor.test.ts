import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLanguageServer, type LanguageServer, type Place } from "./language-server.ts";

/* What an author sees in an editor, by the server that VS Code's YAML extension and others run. */

const root = resolve(import.meta.dirname, "../..");
const modeline = "# yaml-language-server: $schema=../schema/policy.schema.json\n";
let server: LanguageServer;
let files = 0;

beforeAll(async () => {
  server = await startLanguageServer(root);
});

afterAll(async () => {
  expect(await server.stop()).toBe(0);
});

/** Opens a text with the sign `|` where the cursor is. */
async function opened(
  text: string,
): Promise<{ path: string; at: Place; found: readonly { message: string }[] }> {
  files += 1;
  const path = join(root, "policies", `never-written-${files}.yaml`);
  const before = (modeline + text).split("|")[0]!.split("\n");
  const found = await server.open(path, modeline + text.replace("|", ""));
  return { path, at: { line: before.length - 1, character: before.at(-1)!.length }, found };
}

const head = "apiVersion: keysteward/v1\nkind: KeyPolicy\nmetadata:\n  name: a\n";
const governed = `${head}spec:\n  keyId: f47ac10b-58cc-4372-a567-0e02b2c3d479\n`;

describe("completion", () => {
  test("offers the fields of a policy where its fields stand", async () => {
    const { path, at } = await opened(`${head}spec:\n  |\n`);
    expect(await server.complete(path, at)).toEqual(
      expect.arrayContaining(["keyId", "mode", "profiles", "key"]),
    );
  });

  test("offers the values of a field that has a few", async () => {
    const { path, at } = await opened(`${governed}  mode: |\n`);
    expect(await server.complete(path, at)).toEqual(expect.arrayContaining(["enforce", "report", "paused"]));
  });

  test("offers the parts of a budget and not those that are there", async () => {
    const { path, at } = await opened(`${governed}  key:\n    usage_limits:\n      type: cost\n      |\n`);
    const labels = await server.complete(path, at);
    expect(labels).toEqual(expect.arrayContaining(["credit_limit", "periodic_reset"]));
    expect(labels).not.toContain("type");
  });
});

describe("completion of what is special", () => {
  test("offers the attributes by which keys are selected", async () => {
    const { path, at } = await opened(`${head}spec:\n  match:\n    |\n`);
    expect(await server.complete(path, at)).toEqual(expect.arrayContaining(["type", "name", "metadata"]));
  });

  test("offers what an exception consists of, and the fields that it may set", async () => {
    const begun = `${governed}  overrides:\n    - reason: launch\n      `;
    const { path, at } = await opened(`${begun}|\n`);
    expect(await server.complete(path, at)).toEqual(expect.arrayContaining(["from", "until", "key"]));
    const inside = await opened(`${begun}key:\n        |\n`);
    expect(await server.complete(inside.path, inside.at)).toEqual(
      expect.arrayContaining(["rate_limits", "usage_limits"]),
    );
  });

  test("offers what a guardrail consists of, and the values of a field that has a few", async () => {
    const rule = "apiVersion: keysteward/v1\nkind: Guardrail\nmetadata:\n  name: a\nspec:\n  message: no\n";
    const { path, at } = await opened(`${rule}  |\n`);
    const labels = await server.complete(path, at);
    expect(labels).toEqual(expect.arrayContaining(["match", "severity", "appliesTo", "schema"]));
    expect(labels).not.toContain("keyId");
    const inside = await opened(`${rule}  severity: |\n`);
    expect(await server.complete(inside.path, inside.at)).toEqual(
      expect.arrayContaining(["error", "warning"]),
    );
  });
});

describe("hover", () => {
  test("shows what the schema says of a field", async () => {
    const { path, at } = await opened(`${governed}  mo|de: report\n`);
    expect(await server.hover(path, at)).toContain("drift is told, not mended");
  });

  test("shows it also where the schema keeps it in another place", async () => {
    const { path, at } = await opened(`${head}spec:\n  key|Id: f47ac10b-58cc-4372-a567-0e02b2c3d479\n`);
    expect(await server.hover(path, at)).toContain("The UUID of a Portkey API key");
  });
});

describe("diagnosis", () => {
  test("a field that is none is marked", async () => {
    const { found } = await opened(`${governed}  key:\n    usage_limit: null|\n`);
    expect(found.map(({ message }) => message).join("\n")).toContain("usage_limit is not allowed");
  });

  test("a value that is none is marked", async () => {
    const { found } = await opened(`${governed}  mode: watch|\n`);
    expect(found.map(({ message }) => message).join("\n")).toMatch(/enforce/);
  });

  test.each(
    readdirSync(join(root, "policies"), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".yaml"),
    ),
  )("the shipped policies/%s finds its schema and has nothing wrong", async (name) => {
    const path = join(root, "policies", name);
    const text = readFileSync(path, "utf8");
    expect(await server.open(path, text)).toEqual([]);
    const line = text.split("\n").findIndex((one) => one.startsWith("spec:"));
    expect(await server.hover(path, { line, character: 1 })).toMatch(
      /what they must look like|asks of the keys|Which keys are judged|The cases of the test/,
    );
  });
});

test("the settings for VS Code in docs/policies.md make a file without the first line known", async () => {
  const page = readFileSync(join(root, "docs/policies.md"), "utf8");
  const json = /```json editor\n(.*?)```/s.exec(page)?.[1] ?? "";
  const configured = await startLanguageServer(root, JSON.parse(json)["yaml.schemas"]);
  try {
    const found = await configured.open(
      join(root, "policies/search/never-written.yaml"),
      `${governed}  mode: watch\n`,
    );
    expect(found.map(({ message }) => message).join("\n")).toContain("enforce");
  } finally {
    expect(await configured.stop()).toBe(0);
  }
});
