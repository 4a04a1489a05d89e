import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { problemHelp } from "../../src/core/problem-help.ts";
import { problemRules, type Problem, type ProblemCode } from "../../src/core/problem.ts";
import { plain } from "../../src/render/color.ts";
import { humanProblems } from "../../src/render/human-problems.ts";
import { brokenFiles, brokenText, brokenTrees, problemsIn, unshown, writeBrokenFile } from "./broken.ts";

/* docs/problems.md: every code with a broken example, what is said of it, and the mend. */

const head = `# Problems

Every problem of a policy directory has a code, which is stable: filter on it. Below, each with an example that has it, what
\`keysteward validate\` says, and the mend. What the hundreds stand for is in [policies.md](policies.md#what-is-refused).

<!-- Written by \`npm run problems\` from what the program says; do not edit. -->
`;

/** Where a code has several fixtures, the one that shows it best. */
const best: Readonly<Partial<Record<ProblemCode, string>>> = {
  KS1103: "KS1103-unknown-tag",
  KS1105: "KS1105-alias-unknown",
  KS1205: "KS1205-no-such-day",
};

export function problemPage(): string {
  const codes = Object.keys(problemRules) as ProblemCode[];
  return [head, ...codes.map(entry)].join("\n");
}

function entry(code: ProblemCode): string {
  const { about, mend } = problemHelp[code];
  const heading = `## ${code} ${problemRules[code]}\n\n${about}\n`;
  return `${heading}\n${example(code)}\n**Mend:** ${mend}\n`;
}

function example(code: ProblemCode): string {
  const reason = unshown[code];
  if (reason !== undefined) return `No example: ${reason}.\n`;
  const folder = mkdtempSync(join(tmpdir(), "keysteward-problems-"));
  const directory = join(folder, "policies");
  try {
    const shown = make(code, directory);
    const [first] = problemsIn(directory).filter((problem) => problem.code === code);
    return `${shown}\n${block("text", said(first!, folder))}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes the broken directory, and gives what a person would see of it. */
function make(code: ProblemCode, directory: string): string {
  const tree = brokenTrees[code];
  if (tree !== undefined) {
    tree.make(directory);
    return block("sh", `${tree.commands}\n`);
  }
  const name = best[code] ?? brokenFiles().find((file) => file.startsWith(code));
  if (name === undefined) throw new Error(`no file in test/fixtures/policies has ${code}`);
  writeBrokenFile(directory, name);
  return block("yaml", brokenText(name).toString());
}

/** The folder of the moment is nobody's business. */
function said(problem: Problem, folder: string): string {
  return humanProblems([problem], plain).replaceAll(`${folder}/`, "");
}

function block(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text.endsWith("\n") ? text : `${text}\n`}${fence}\n`;
}
