import { writeFileSync } from "node:fs";
import { problemPage } from "../test/policy-dir/problem-page.ts";

/* Writes docs/problems.md; a test demands that it is what would be written. */

writeFileSync(new URL("../docs/problems.md", import.meta.url), problemPage());
