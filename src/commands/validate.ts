import { assemblePolicies } from "../assemble-policies.ts";
import type { PolicySet } from "../core/policy.ts";
import type { Problem } from "../core/problem.ts";
import { createResolver } from "../core/resolve.ts";
import type { Paint } from "../render/color.ts";
import { githubAnnotations } from "../render/github-annotations.ts";
import { countProblems, humanProblems, plural } from "../render/human-problems.ts";
import { validateJson } from "../render/json.ts";
import { fileCases, junit } from "../render/junit.ts";
import { sarif } from "../render/sarif.ts";
import { createContext, exits, type CommonFlags, type Format, type Io } from "./context.ts";

/** Checks the policies, offline. */
export function validate(io: Io, flags: CommonFlags): Promise<number> {
  const { config, format, paint, print } = createContext(io, flags);
  const set = assemblePolicies(config).load();
  const problems = set.trusted ? createResolver()(set).problems : set.problems;
  print(rendered(format, { set, problems, paint }));
  return Promise.resolve(isValid(problems) ? exits.ok : exits.invalid);
}

interface Checked {
  readonly set: PolicySet;
  readonly problems: readonly Problem[];
  readonly paint: Paint;
}

function rendered(format: Format, { set, problems, paint }: Checked): string {
  switch (format) {
    case "json":
      return validateJson({ set, problems });
    case "sarif":
      return sarif(problems);
    case "junit":
      return junit("keysteward validate", fileCases(filesOf(set), problems));
    case "github":
      return githubAnnotations(problems) + verdict({ set, problems, paint });
    case "human":
      return humanProblems(problems, paint) + verdict({ set, problems, paint });
    default:
      return format satisfies never;
  }
}

function verdict({ set, problems, paint }: Checked): string {
  const counts = `${plural(set.files, "file")}, ${set.policies.length} policies, ${plural(set.profiles.length, "profile")}`;
  const word = isValid(problems) ? paint("green", "valid") : paint("red", "not valid");
  return `${word}: ${counts}; ${countProblems(problems)}\n`;
}

function isValid(problems: readonly Problem[]): boolean {
  return problems.every(({ severity }) => severity !== "error");
}

function filesOf({ policies, profiles }: PolicySet): string[] {
  return [...new Set([...policies, ...profiles].map(({ place }) => place.file))];
}
