import { updateBody, withReset } from "./body.ts";
import { rankOf } from "./fields.ts";
import type { FieldPath } from "./key.ts";
import { touchedGroups } from "./live.ts";
import type { KnownSight } from "./make-plan.ts";
import type { Judged } from "./notices.ts";
import type { Change, FieldChange } from "./plan.ts";
import { worstRank } from "./rank.ts";
import type { PlannedReset } from "./reset.ts";
import type { DesiredKey } from "./resolve.ts";
import { compareTexts } from "./texts.ts";

/** What has to be set of one field; nothing where the rule says so. */
export function fieldChange({ path, field, verdict }: Judged, all: readonly Judged[]): FieldChange[] {
  if (verdict.kind !== "set") return [];
  return [
    {
      path,
      action: field.value === null ? "clear" : "set",
      from: verdict.from,
      to: field.value,
      why: verdict.why,
      replaced: verdict.replaced,
      reverts: verdict.reverts,
      rank: setsNewBudget(path, all) ? "neutral" : rankOf(path, verdict.from, field.value),
      place: field.place,
    },
  ];
}

/** Where there was no budget, how often it refills and what it counts grant nothing: the limit alone has a rank. */
function setsNewBudget(path: FieldPath, all: readonly Judged[]): boolean {
  const limit = "usage_limits.credit_limit";
  if (!path.startsWith("usage_limits.") || path === limit) return false;
  const verdict = all.find((one) => one.path === limit)?.verdict;
  return verdict?.kind === "set" && verdict.from === null;
}

/** One request: what has to be set of a key, and the body for it as far as it is known. */
export function changeOf(
  desired: DesiredKey,
  { fields, reset }: { readonly fields: readonly FieldChange[]; readonly reset: PlannedReset | undefined },
  sight: KnownSight,
): Change {
  const sorted = [...fields].sort((a, b) => compareTexts(a.path, b.path));
  const parts = { desired: desired.fields, changed: sorted.map(({ path }) => path) };
  const body = updateBody({
    ...parts,
    live: sight.kind === "seen" ? sight.key : undefined,
    complete: sight.kind === "seen" && sight.complete,
  });
  return {
    keyId: desired.keyId,
    policy: desired.policy,
    place: desired.place,
    // A reset frees what the budget had taken away.
    rank: reset === undefined ? worstRank(sorted.map(({ rank }) => rank)) : "loosens",
    fields: sorted,
    ...(reset === undefined ? {} : { reset }),
    desired,
    groups: "key" in sight ? touchedGroups(sight.key, parts.changed) : [],
    body: body === undefined ? null : withReset(body, reset),
    carries: updateBody({ ...parts, live: undefined, complete: false }) === undefined,
  };
}
