// Writes a policy directory: make-policies.mjs DIRECTORY FILES [with-guardrails]; guardrails come on top.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { guardrailFiles, policyFile, profileFiles } from "./population.mjs";

const [directory, count, guardrails] = process.argv.slice(2);
for (let index = 0; index < Number(count); index += 1) write(profileFiles[index] ?? policyFile(index));
if (guardrails === "with-guardrails") guardrailFiles.forEach(write);

function write({ path, text }) {
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
