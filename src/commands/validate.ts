import { assemblePolicies } from "../assemble-policies.ts";
import { instantText } from "../core/overrides.ts";
import { overrideWarnings } from "../core/override-warnings.ts";
import { sortProblems, type Problem } from "../core/problem.ts";
import type { PolicySet } from "../core/policy.ts";
import { createResolver } from "../core/resolve.ts";
import { countProblems, humanProblems, plural } from "../render/human-problems.ts";
import { validateJson } from "../render/json.ts";
import { instantAhead } from "./ahead.ts";
import { createContext, exits, type CommonFlags, type Io } from "./context.ts";

export interface ValidateFlags extends CommonFlags {
  /** Check what will be in force at this instant instead. */
  readonly at?: string;
}

/** Checks the policies, offline. */
export function validate(io: Io, flags: ValidateFlags): Promise<number> {
  const { config, format, paint, print } = createContext(io, flags);
  const set = assemblePolicies(config).load();
  const now = Date.now();
  const at = instantAhead(flags.at, now);
  const problems = set.trusted ? problemsAt(set, at ?? now) : set.problems;
  const ok = problems.every(({ severity }) => severity !== "error");
  if (format === "json") print(validateJson({ set, problems, at }));
  else {
    const counts = `${plural(set.files, "file")}, ${set.policies.length} policies, ${plural(set.profiles.length, "profile")}`;
    const verdict = ok ? paint("green", "valid") : paint("red", "not valid");
    const when = at === undefined ? "" : ` at ${instantText(at)}`;
    print(`${humanProblems(problems, paint)}${verdict}${when}: ${counts}; ${countProblems(problems)}\n`);
  }
  return Promise.resolve(ok ? exits.ok : exits.invalid);
}

function problemsAt(set: PolicySet, now: number): readonly Problem[] {
  const { problems } = createResolver()(set, { now });
  return sortProblems([...problems, ...overrideWarnings(set.policies, now)]);
}
