import type { Problem } from "../core/problem.ts";

/** What reports for other programs say of one thing that is wrong; a problem is one. */
export type Finding = Pick<
  Problem,
  "code" | "severity" | "rule" | "file" | "line" | "column" | "path" | "message"
>;
