import { statementsOf } from "./effective.ts";
import { overlaps } from "./fields.ts";
import type { FieldPath } from "./key.ts";
import { instantText } from "./overrides.ts";
import type { Override } from "./policy.ts";
import { isSamePlace, placeText } from "./problem.ts";
import type { DesiredKey } from "./resolve.ts";

/** The fields that overrides in force set now, what these imply included, each with the override that does. */
export function overriddenFields({ fields, course }: DesiredKey): ReadonlyMap<FieldPath, Override> {
  const said = course.inForce.flatMap((override) =>
    statementsOf({ source: "", block: override.key }).map(([, { place }]) => ({ override, place })),
  );
  return new Map(
    [...fields].flatMap(([path, field]): [FieldPath, Override][] => {
      const found = said.find(({ place }) => isSamePlace(place, field.place));
      return found === undefined ? [] : [[path, found.override]];
    }),
  );
}

/** Why nothing can be said of a field in a policy's own block, as an override sets it or what belongs to it. */
export function overriddenReason(
  overridden: ReadonlyMap<FieldPath, Override>,
  path: FieldPath,
): string | undefined {
  const [, override] = [...overridden].find(([other]) => other === path || overlaps(other, path)) ?? [];
  if (override === undefined) return undefined;
  const { until, place } = override;
  return `the override at ${placeText(place)} sets it until ${instantText(until)}; change or end that one`;
}
