import type { Acceptance, LeftField } from "../core/accept-drift.ts";
import type { KeyId } from "../core/policy.ts";
import type { Paint } from "./color.ts";
import { plural, printable } from "./human-problems.ts";
import { humanDiff, unifiedDiff, type FileEdit } from "./text-diff.ts";

export interface DriftResult {
  readonly keyId: KeyId;
  readonly policy: string | null;
  readonly outcome: "nothing" | "planned" | "written" | "refused";
  readonly reason: string | null;
  readonly hint: string | null;
  readonly accepted: readonly Acceptance[];
  readonly left: readonly LeftField[];
  readonly files: readonly (FileEdit & { readonly bytes: Uint8Array })[];
}

export function humanDrift(result: DriftResult, paint: Paint): string {
  const { accepted, files, left } = result;
  const moved = accepted.flatMap(({ path, shared, owner }) =>
    shared === null
      ? []
      : [
          `${path} stands in the profile "${shared}", which others use: it goes into "${owner.name}" instead\n`,
        ],
  );
  const kept = left.map(
    ({ path, reason }) => `${paint("yellow", "left")} ${printable(`${path}: ${reason}`)}\n`,
  );
  const diffs = files.map((file) => humanDiff(file, paint)).join("");
  return diffs + moved.map(noted).join("") + kept.join("") + summary(result, paint);
}

function noted(line: string): string {
  return `${printable(line.trimEnd())}\n`;
}

function summary(
  { outcome, keyId, policy, reason, hint, accepted, files }: DriftResult,
  paint: Paint,
): string {
  const names = files.map(({ file }) => printable(file)).join(", ");
  const fields = `${plural(accepted.length, "field")} of ${keyId}`;
  switch (outcome) {
    case "nothing":
      return `Nothing to accept: ${keyId} is as "${policy ?? ""}" says.\n`;
    case "planned":
      return `${fields} would be accepted: ${names}\n`;
    case "written":
      return `${paint("green", "accepted")}: ${fields}, written to ${names}\n`;
    case "refused": {
      const what = `${paint("red", "refused")}: ${printable(reason ?? "")}; nothing was written\n`;
      return hint === null ? what : `${what}  ${printable(hint)}\n`;
    }
    default:
      return outcome satisfies never;
  }
}

/** Version 1; described by schema/results.schema.json. */
export function driftJson({ keyId, policy, outcome, reason, accepted, left, files }: DriftResult): string {
  const fields = accepted.map(({ path, from, to, owner, shared }) => {
    return { path, from, to, kind: owner.kind, source: owner.name, file: owner.place.file, shared };
  });
  const edits = files.map((edit) => ({ file: edit.file, diff: unifiedDiff(edit) }));
  const result = { version: 1, keyId, policy, outcome, reason, accepted: fields, left, files: edits };
  return `${JSON.stringify(result, null, 2)}\n`;
}
