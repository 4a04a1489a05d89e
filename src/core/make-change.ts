import { updateBody, withReset } from "./body.ts";
import { rankOfChange } from "./change-rank.ts";
import { touchedGroups } from "./live.ts";
import type { KnownSight } from "./make-plan.ts";
import type { Judged } from "./notices.ts";
import type { Change, FieldChange } from "./plan.ts";
import type { PlannedReset } from "./reset.ts";
import type { DesiredKey } from "./resolve.ts";
import { compareTexts } from "./texts.ts";

/** What has to be set of one field; nothing where the rule says so. */
export function fieldChange({ path, field, verdict }: Judged): Omit<FieldChange, "rank">[] {
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
      place: field.place,
    },
  ];
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
    rank: rankOfChange({ fields: sorted, reset }),
    fields: sorted,
    ...(reset === undefined ? {} : { reset }),
    desired,
    groups: "key" in sight ? touchedGroups(sight.key, parts.changed) : [],
    body: body === undefined ? null : withReset(body, reset),
    carries: updateBody({ ...parts, live: undefined, complete: false }) === undefined,
  };
}
