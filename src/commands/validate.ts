import { assemblePolicies } from "../assemble-policies.ts";
import { checkPolicies } from "../core/check-policies.ts";
import { instantText } from "../core/overrides.ts";
import type { PolicySet } from "../core/policy.ts";
import type { Problem } from "../core/problem.ts";
import type { Paint } from "../render/color.ts";
import { githubAnnotations } from "../render/github-annotations.ts";
import { countProblems, humanProblems, plural } from "../render/human-problems.ts";
import { validateJson } from "../render/json.ts";
import { fileCases, junit } from "../render/junit.ts";
import { sarif } from "../render/sarif.ts";
import { instantAhead } from "./ahead.ts";
import { createContext, exits, type CommonFlags, type Format, type Io } from "./context.ts";

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
  const problems = checkPolicies(set, at ?? now);
  print(rendered(format, { set, problems, at, paint }));
  return Promise.resolve(isValid(problems) ? exits.ok : exits.invalid);
}

interface Checked {
  readonly set: PolicySet;
  readonly problems: readonly Problem[];
  /** The instant that was asked for; undefined for now. */
  readonly at: number | undefined;
  readonly paint: Paint;
}

function rendered(format: Format, checked: Checked): string {
  const { set, problems, at, paint } = checked;
  switch (format) {
    case "json":
      return validateJson({ set, problems, at });
    case "sarif":
      return sarif(problems);
    case "junit":
      return junit("keysteward validate", fileCases(filesOf(set), problems));
    case "github":
      return githubAnnotations(problems) + verdict(checked);
    case "human":
      return humanProblems(problems, paint) + verdict(checked);
    default:
      return format satisfies never;
  }
}

function verdict({ set, problems, at, paint }: Checked): string {
  const guardrails = set.guardrails.length === 0 ? "" : `, ${plural(set.guardrails.length, "guardrail")}`;
  const tests = set.tests.length === 0 ? "" : `, ${plural(set.tests.length, "policy test")}`;
  const counts = `${plural(set.files, "file")}, ${set.policies.length} policies, ${plural(set.profiles.length, "profile")}${guardrails}${tests}`;
  const word = isValid(problems) ? paint("green", "valid") : paint("red", "not valid");
  const when = at === undefined ? "" : ` at ${instantText(at)}`;
  return `${word}${when}: ${counts}; ${countProblems(problems)}\n`;
}

function isValid(problems: readonly Problem[]): boolean {
  return problems.every(({ severity }) => severity !== "error");
}

function filesOf({ policies, profiles, guardrails, tests }: PolicySet): string[] {
  return [...new Set([...policies, ...profiles, ...guardrails, ...tests].map(({ place }) => place.file))];
}
