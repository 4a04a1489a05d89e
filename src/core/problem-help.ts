/*
 * What each problem code is about and how it is mended, for docs/problems.md and for the rules of a SARIF log. The message
 * of a problem says what was found in the file at hand; this says what is behind it.
 */
import type { ProblemCode } from "./problem.ts";

export interface ProblemHelp {
  /** A sentence on what the rule is. */
  readonly about: string;
  /** What to do. */
  readonly mend: string;
}

export const problemHelp: Readonly<Record<ProblemCode, ProblemHelp>> = {
  KS1001: {
    about: "The policy directory does not exist.",
    mend: "Create it, check out the repository that holds it, or name another one with `--policies`. Until then nothing is written.",
  },
  KS1002: {
    about: "A directory of policies cannot be read.",
    mend: "Give the user that Keysteward runs as the right to read and enter it (`ls -ld` shows who may).",
  },
  KS1003: {
    about: "The policy directory holds no policy file.",
    mend: "Check the path and the checkout. An empty directory is never taken for the wish to govern nothing: nothing is written.",
  },
  KS1004: {
    about: "A checkout of the policy directory is under way.",
    mend: "Wait for git to finish; if no git runs, delete the lock file that the message names, or end the merge or rebase.",
  },
  KS1005: {
    about: "A policy file cannot be read.",
    mend: "Give the user that Keysteward runs as the right to read it, or repair or delete the link.",
  },
  KS1006: {
    about: "A file went away, or kept changing, while it was read.",
    mend: "Nothing, as a rule: the file is looked at again. If it stays, find the program that keeps writing it.",
  },
  KS1007: {
    about: "A policy file is larger than the bound.",
    mend: "Split it into several files; a policy directory may hold as many as you like in any folders.",
  },
  KS1008: {
    about: "A file with the name of a policy file is not UTF-8 text.",
    mend: "Save it as UTF-8, or give it a name that does not end in `.yaml` or `.yml`.",
  },
  KS1009: {
    about: "A link leads out of the policy directory.",
    mend: "Put the file itself into the directory: what is outside is not reviewed with the rest, so it is not followed.",
  },
  KS1010: {
    about: "The policy directory holds more policy files than are read.",
    mend: "Check that the path is not a folder far above the policies; otherwise put several policies into one file.",
  },
  KS1011: {
    about:
      "A policy file holds no document: it is empty, or comments alone. It may be what is left of one that was cut off.",
    mend: "Write it again, delete it, or begin its name with `_` so that it is not read.",
  },
  KS1101: {
    about: "The file is not YAML.",
    mend: "Correct the syntax where the caret points, often the line before: a quote that is not closed, a tab, a missing colon.",
  },
  KS1102: {
    about: "A name is given twice in one mapping.",
    mend: "Keep one of the two: which one counts would depend on the reader.",
  },
  KS1103: {
    about: "A YAML tag is not known.",
    mend: "Take the tag (`!something`) away; if the value begins with `!`, put it in quotes.",
  },
  KS1104: {
    about: "A YAML directive is not supported.",
    mend: "Delete the line that begins with `%`: policies are YAML 1.2 as it is.",
  },
  KS1105: {
    about: "An alias has no anchor, leads to itself, or unfolds to too much.",
    mend: "Define the anchor (`&name`) before its alias (`*name`), or write the values out.",
  },
  KS1106: {
    about: "The nesting is deeper than any policy needs.",
    mend: "Take brackets or indentation away: a policy is at most a few levels deep.",
  },
  KS1107: {
    about: "A file holds more documents than are read.",
    mend: "Split it into several files.",
  },
  KS1108: {
    about: "A number would lose digits, or is none that JSON can hold.",
    mend: "Write a number of at most 15 digits; put an identifier in quotes.",
  },
  KS1201: {
    about: "A field is not part of the policy language, or is one that Portkey alone sets.",
    mend: "Correct its spelling, or delete it: a field that is ignored would be a wish that is not met.",
  },
  KS1202: {
    about: "A field that is needed is missing.",
    mend: "Add the field that the message names.",
  },
  KS1203: {
    about: "A value is of the wrong type.",
    mend: "Write it as the type that the message asks for; text that looks like a number needs quotes.",
  },
  KS1204: {
    about: "A value is not one of those that are possible here.",
    mend: "Take one of those that the message lists.",
  },
  KS1205: {
    about: "A value is not in the form that is needed, such as an instant, a UUID or an address.",
    mend: "Write it in the form that the message shows.",
  },
  KS1206: {
    about: "The kind of a document is not known.",
    mend: "Take one of the kinds that the message lists; if the file is no policy, move it out of the directory or begin its name with `_`.",
  },
  KS1207: {
    about: "A scope is not one that Portkey documents. A warning: new ones appear with Portkey's releases.",
    mend: "Check its spelling; leave it if it is newer than this release.",
  },
  KS1301: {
    about: "Two documents of one kind have the same name.",
    mend: "Rename one: names stand in plans, logs and the audit trail.",
  },
  KS1302: {
    about: "Two policies name the same key.",
    mend: "Take the key out of one of them. Until then it is left as it is: neither policy is obeyed.",
  },
  KS1303: {
    about: "A profile that is named is not there.",
    mend: "Correct the name or bring the profile back. Until then the keys that are built on it are left as they are.",
  },
  KS1304: {
    about: "Profiles build on each other in a circle.",
    mend: "Take one step out of the circle.",
  },
  KS1310: {
    about: "Two policies of one priority select the same key and want different things of one field.",
    mend: "Give one of them a higher `priority`, or let their `match` not meet. Until then the keys that both select stay as they are.",
  },
  KS1311: {
    about: "A policy that selects its keys asks for something that would take each key out of its selection.",
    mend: "Select by another attribute, or do not set the one that is selected by.",
  },
  KS1312: {
    about: "A policy selects none of the live keys. A warning, where live keys are known.",
    mend: "Compare its `match` with what `keysteward audit` shows of the keys; leave it if such keys are still to come.",
  },
  KS1330: {
    about: "A profile is found in another file than before, and its own file cannot be read.",
    mend: "Mend or delete the file that cannot be read. Until then the profile is not taken from the other one.",
  },
  KS1331: {
    about: "What a policy acknowledges is no field, or is acknowledged twice.",
    mend: "Write the path of a field or a group, such as `usage_limits.credit_limit`, and each once.",
  },
  KS1332: {
    about: "A policy acknowledges a difference of a field that it asks nothing of. A warning.",
    mend: "Take the acknowledgement out, or ask for a value of the field.",
  },
  KS1333: {
    about: "An acknowledgement is over: the field is enforced again. A warning.",
    mend: "Take it out, or give a later `until`.",
  },
  KS1340: {
    about: "What a policy and its profiles ask for, or a live key in an audit, offends against a guardrail.",
    mend: "Change the value to what the message expects; if the rule is wrong, change the guardrail in the same pull request.",
  },
  KS1341: {
    about: "A guardrail cannot be read, so it stays in force as it was last. A warning.",
    mend: "Mend what cannot be read; to end the guardrail, delete it while everything else can be read.",
  },
  KS1342: {
    about: "A guardrail cannot be read, and nobody remembers what it says: every key keeps its values.",
    mend: "Mend the guardrail's document.",
  },
  KS1343: {
    about:
      "A policy would offend against a guardrail, if one of its keys is what the guardrail is about, and that key was never seen.",
    mend: "Wait for the next reconcile pass, or run `keysteward plan`; the policy is held until then.",
  },
  KS1344: {
    about: "A guardrail matches by labels that no policy has, so it judges nothing. A warning.",
    mend: "Correct its `match`, or label the policies that it is meant for.",
  },
  KS1345: {
    about: "The schema of a guardrail is no JSON Schema 2020-12 as guardrails may have it.",
    mend: "Correct what the message names: an unknown keyword or field, a type, a reference, or a pattern that could take for ever.",
  },
  KS1346: {
    about: "A guardrail requires a field and lets `null` pass, which means that it must be empty. A warning.",
    mend: "Give the field a `type` in the schema, such as `type: object` for `usage_limits`.",
  },
  KS1350: {
    about: "An override ends before it begins, so it would never be in force.",
    mend: "Correct `from` or `until`.",
  },
  KS1351: {
    about: "An override sets nothing.",
    mend: "Say in its `key` what is to hold meanwhile, or delete it.",
  },
  KS1352: {
    about:
      "An override sets what neither the profiles nor the key of its policy speak of: after it, nobody would say what is to hold.",
    mend: "Set the field in the policy's `key` too; to `null` where it is to be empty.",
  },
  KS1353: {
    about:
      "Two overrides that are in force at the same time want different things. A warning: the later one in the list wins.",
    mend: "Change the times so that they do not meet, or leave it if the order is what you mean.",
  },
  KS1354: {
    about: "An override is over. A warning: it has no effect any more.",
    mend: "Delete it.",
  },
  KS1355: {
    about: "An override ends within a week. A warning.",
    mend: "Nothing, if it is to end; else give a later `until`.",
  },
  KS1360: {
    about:
      "Usage is to be reset of a key without a budget (`usage_limits: null`), now or during an override. A warning: what Portkey makes of it is not documented.",
    mend: "Give the key a budget, or take `resetUsage` out.",
  },
  KS1370: {
    about: "A policy test says of a field that it must not be managed, and there is no such field.",
    mend: "Correct the path; the fields are those of a `key` block, such as `usage_limits.credit_limit`.",
  },
  KS1371: {
    about: "A policy test expects a problem whose code does not exist.",
    mend: "Correct the code; this page lists all of them.",
  },
  KS1372: {
    about: "A case of a policy test does not come out as it is expected to. Told by `keysteward test` alone.",
    mend: "Change the policy that the message names; if what the test expects is outdated, change the test in the same pull request.",
  },
  KS1401: {
    about: "A budget has two periods.",
    mend: "Keep `periodic_reset` or `periodic_reset_days`; set the other to `null` where a profile gives it.",
  },
  KS1402: {
    about: "A rotation has two periods, or a period and a date.",
    mend: "Keep one of `rotation_period`, `rotation_period_days` and `next_rotation_at`; set the others to `null` where a profile gives them.",
  },
  KS1403: {
    about: "The alert of a budget is above its limit, so it would never come.",
    mend: "Set `alert_threshold` to at most `credit_limit`.",
  },
  KS1404: {
    about: "A budget has no limit, which Portkey takes for no budget at all.",
    mend: "Give a `credit_limit`, or say `usage_limits: null` for no budget.",
  },
  KS1405: {
    about: "A rotation has neither a period nor a date.",
    mend: "Give `rotation_period`, `rotation_period_days` or `next_rotation_at`, or say `rotation_policy: null`.",
  },
  KS1406: {
    about: "The time for which an old secret goes on working is not shorter than the rotation's period.",
    mend: "Shorten `key_transition_period_ms`, which is in milliseconds: an hour is 3600000.",
  },
  KS1407: {
    about: "Two rate limits are of the same type and unit.",
    mend: "Keep the one that is meant.",
  },
  KS1408: {
    about: "A value has the right form and still no meaning, such as an instant that no clock shows.",
    mend: "Write another value; it is not taken for `must be empty`.",
  },
};
