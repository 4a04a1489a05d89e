import type { FieldVerdict } from "./diff.ts";
import type { Mode } from "./policy.ts";

/** What a pass would do about a field, in words; `null`: the key, or the field, is left alone. */
export function verdictWords(verdict: FieldVerdict | null, mode: Mode): string {
  if (verdict === null) return "left alone";
  switch (verdict.kind) {
    case "in-sync":
      return "as wanted";
    case "adopt":
      return mode === "report" ? "as wanted" : "as wanted; a pass notes it without a request";
    case "set":
      return mode === "report" ? "differs; told, not mended: the policy only reports" : setWords[verdict.why];
    case "settling":
      return "set a moment ago, and reads do not show it yet; looked at again later";
    case "not-reflected":
      return "set twice, and it still reads otherwise; left until the policy or the live value changes";
    case "contested":
      return `somebody sets it back again and again; put back after ${new Date(verdict.until).toISOString()}`;
    case "refused":
      return "the server refused this value; sent again when the policy changes";
    default:
      return verdict satisfies never;
  }
}

const setWords: Readonly<Record<Extract<FieldVerdict, { kind: "set" }>["why"], string>> = {
  new: "would be set: it was never set from here",
  policy: "would be set: the policy asks for another value than before",
  drift: "would be put back: somebody changed it since it was set",
  restored: "would be put back to an earlier point",
  unconfirmed: "would be set again: it was begun, and nobody learnt how that ended",
};
