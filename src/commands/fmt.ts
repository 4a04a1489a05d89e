import { assembleFormatter } from "../assemble-policies.ts";
import { fmtJson, humanFmt, type FmtResult } from "../render/fmt.ts";
import { createContext, exits, type CommonFlags, type Io } from "./context.ts";

export interface FmtFlags extends CommonFlags {
  /** Write nothing, and say what would change. */
  readonly check?: boolean;
}

/** Puts policies in canonical order and layout; those of the policy directory unless paths are named. */
export function fmt(io: Io, paths: readonly string[], flags: FmtFlags): Promise<number> {
  const { config, format, paint, print } = createContext(io, flags);
  const check = flags.check === true;
  const { formatFiles } = assembleFormatter();
  const result: FmtResult = {
    check,
    ...formatFiles(paths.length === 0 ? [config.policies] : paths, { write: !check }),
  };
  print(format === "json" ? fmtJson(result) : humanFmt(result, paint));
  if (result.problems.length > 0) return Promise.resolve(exits.invalid);
  if (result.refused.length > 0) return Promise.resolve(exits.failed);
  return Promise.resolve(check && result.changed.length > 0 ? exits.changes : exits.ok);
}
