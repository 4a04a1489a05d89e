import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { assembleStarter } from "../assemble-policies.ts";
import { paintFor } from "../render/color.ts";
import { humanInit, type StarterFile } from "../render/human-init.ts";
import { version } from "../version.ts";
import { exits, type Io } from "./context.ts";

export interface InitFlags {
  readonly color?: boolean;
}

/**
 * Writes a repository that a team can begin with. A file that is there is left as it is. Throws POLICY_WRITE_FAILED for one
 * that cannot be written, after what was written before it was told.
 */
export function init(io: Io, directory: string, flags: InitFlags): Promise<number> {
  const { writeNewFile } = assembleStarter();
  const top = resolve(io.cwd, directory);
  const paint = paintFor({ isTty: io.stdout.isTTY === true, off: flags.color === false, env: io.env });
  const files: StarterFile[] = [];
  let isWhole = false;
  try {
    for (const { path, text, isProgram } of starterFiles(belowTop(top))) {
      files.push({ path, outcome: writeNewFile(join(top, path), text, isProgram ? 0o755 : 0o644) });
    }
    isWhole = true;
  } finally {
    const shown = relative(io.cwd, top);
    const told = { directory: shown.startsWith("..") ? top : shown, repository: repositoryOf(top) };
    io.stdout.write(humanInit({ files, isWhole, ...told }, paint));
  }
  return Promise.resolve(exits.ok);
}

interface Starter {
  /** Inside the new repository, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly isProgram: boolean;
}

/** What the package brings for it: its templates, and the schema of policies. */
function starterFiles(below: string): Starter[] {
  const brought = fileURLToPath(new URL("../../templates/", import.meta.url));
  const names = readdirSync(brought, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ file, path: inRepository(relative(brought, file)) }));
  const schema = new URL("../../schema/policy.schema.json", import.meta.url);
  return [
    ...names.map(({ file, path }) => ({
      path,
      text: filled(path, readFileSync(file, "utf8"), below),
      isProgram: path.startsWith(".githooks/"),
    })),
    { path: "schema/policy.schema.json", text: readFileSync(schema, "utf8"), isProgram: false },
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A template with what it leaves open; a path as YAML holds it in double quotes, or a shell in single ones. */
function filled(path: string, text: string, below: string): string {
  const quoted = path.endsWith(".yml") ? JSON.stringify(below).slice(1, -1) : below.replaceAll("'", "'\\''");
  return text.replaceAll("{{version}}", () => version).replaceAll("{{below}}", () => quoted);
}

/** The way from the top of the git repository to a directory in it, with a slash at the end; empty at the top and outside. */
function belowTop(directory: string): string {
  const top = topAbove(directory);
  const way = top === undefined ? "" : relative(top, directory).split(sep).join(posix.sep);
  return way === "" ? "" : `${way}/`;
}

/** npm packs no file that is called .gitignore. */
function inRepository(path: string): string {
  const name = path.split(sep).join(posix.sep);
  return name === "gitignore" ? ".gitignore" : name;
}

/** Whether a directory is the top of a git repository, inside of one, or neither. */
function repositoryOf(directory: string): "top" | "inside" | "none" {
  const top = topAbove(directory);
  return top === undefined ? "none" : top === directory ? "top" : "inside";
}

/** The top of the git repository that a directory is in; undefined when it is in none. */
function topAbove(directory: string): string | undefined {
  if (existsSync(join(directory, ".git"))) return directory;
  const above = dirname(directory);
  return above === directory ? undefined : topAbove(above);
}
