import type { UpcomingField } from "./course.ts";
import { notice, shortText } from "./notices.ts";
import { instantText } from "./overrides.ts";
import type { Notice } from "./plan.ts";
import type { KeyId } from "./policy.ts";
import { placeText } from "./problem.ts";
import { endsWithin } from "./reminders.ts";
import type { DesiredKey } from "./resolve.ts";

interface NoticeContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Keys that a person has put back: their policies are paused for them. */
  readonly restorations: ReadonlyMap<KeyId, unknown>;
}

/** What is told of the overrides of a key that end soon. The text is the same until the end is nearer by a step. */
export function overrideNotices(desired: DesiredKey, { now, restorations }: NoticeContext): Notice[] {
  const { inForce, upcoming } = desired.course;
  if (inForce.length === 0 || desired.mode === "paused" || restorations.has(desired.keyId)) return [];
  return inForce.flatMap((override): Notice[] => {
    const within = endsWithin(override, now);
    if (within === null) return [];
    const fields = upcoming.find(({ at }) => at === override.until)?.fields ?? [];
    const message =
      `the override until ${instantText(override.until)} (${override.reason}; ${placeText(override.place)}) ends within ` +
      `${within}; then ${changesText(fields)}`;
    return [notice(desired, "override-ends", message)];
  });
}

function changesText(fields: readonly UpcomingField[]): string {
  if (fields.length === 0) return "nothing changes";
  return fields
    .map(
      ({ path, from, to }) =>
        `${path} goes from ${from === undefined ? "unset" : shortText(from)} to ${shortText(to)}`,
    )
    .join(", ");
}
