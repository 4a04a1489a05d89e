import { assemblePolicies } from "../assemble-policies.ts";
import { overdueProblems } from "../core/acknowledged.ts";
import { sortProblems } from "../core/problem.ts";
import { createResolver } from "../core/resolve.ts";
import { countProblems, humanProblems, plural } from "../render/human-problems.ts";
import { validateJson } from "../render/json.ts";
import { createContext, exits, type CommonFlags, type Io } from "./context.ts";

/** Checks the policies, offline. */
export function validate(io: Io, flags: CommonFlags): Promise<number> {
  const { config, format, paint, print } = createContext(io, flags);
  const set = assemblePolicies(config).load();
  const problems = set.trusted
    ? sortProblems([...createResolver()(set).problems, ...overdueProblems(set, Date.now())])
    : set.problems;
  const ok = problems.every(({ severity }) => severity !== "error");
  if (format === "json") print(validateJson({ set, problems }));
  else {
    const counts = `${plural(set.files, "file")}, ${set.policies.length} policies, ${plural(set.profiles.length, "profile")}`;
    const verdict = ok ? paint("green", "valid") : paint("red", "not valid");
    print(`${humanProblems(problems, paint)}${verdict}: ${counts}; ${countProblems(problems)}\n`);
  }
  return Promise.resolve(ok ? exits.ok : exits.invalid);
}
