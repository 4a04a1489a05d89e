import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

/*
 * The arrows of ARCHITECTURE.md, held by reading the import lines. A part of the tree may import itself and what is
 * listed here, nothing else. A name is a folder of `src`, or a file of it without its ending.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  errors: [],
  version: [],
  ports: ["core"],
  clock: ["ports"],
  log: ["errors"],
  config: ["core", "errors"],
  "policy-dir": ["core", "ports", "errors"],
  portkey: ["core", "ports", "errors"],
  git: ["core", "ports", "errors"],
  state: ["core", "ports", "errors"],
  reconcile: ["core", "ports", "errors"],
  daemon: ["core", "ports", "errors", "reconcile"],
  render: ["core", "version"],
  simulator: ["core"],
  demo: ["core", "errors", "simulator", "policy-dir", "render"],
  assemble: [
    "core",
    "ports",
    "clock",
    "config",
    "errors",
    "log",
    "version",
    "policy-dir",
    "portkey",
    "git",
    "state",
    "reconcile",
    "daemon",
  ],
  // What needs no account is put together without what speaks to one.
  "assemble-policies": ["ports", "config", "policy-dir"],
  commands: [
    "assemble-policies",
    "core",
    "errors",
    "version",
    "config",
    "log",
    "assemble",
    "reconcile",
    "daemon",
    "render",
    "demo",
  ],
  cli: ["core", "errors", "version", "commands"],
};

const source = resolve(import.meta.dirname, "../src");

function partOf(file: string): string {
  const [first = ""] = relative(source, file).split("/");
  return first.replace(/\.ts$/, "");
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const patterns = [/^(?:import|export)\s[^;]*?from\s+"(\.[^"]+)"/gm, /\bimport\("(\.[^"]+)"\)/g];
  const names = patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]!));
  return names.map((name) => resolve(dirname(file), name));
}

const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join(source, name));

test("every part of the tree has its arrows written down", () => {
  expect([...new Set(files.map(partOf))].sort()).toEqual(Object.keys(allowed).sort());
});

test("no import goes against the arrows", () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => target.startsWith(source))
      .filter((target) => partOf(target) !== partOf(file) && !allowed[partOf(file)]!.includes(partOf(target)))
      .map((target) => `${relative(source, file)} -> ${relative(source, target)}`),
  );
  expect(wrong).toEqual([]);
});

test("imports are found where they are", () => {
  const catalogue = join(source, "commands/catalogue.ts");
  const entry = join(source, "commands/entries/apply.ts");
  expect(importsOf(catalogue)).toContain(entry);
  expect(importsOf(entry)).toContain(join(source, "commands/apply.ts"));
});
