// Writes a policy directory: make-policies.mjs DIRECTORY FILES
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { policyFile, profileFiles } from "./population.mjs";

const [directory, count] = process.argv.slice(2);
for (let index = 0; index < Number(count); index += 1) {
  const { path, text } = profileFiles[index] ?? policyFile(index);
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
