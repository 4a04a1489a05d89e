import type { SelectedBy } from "../core/compose.ts";
import { placeText } from "../core/problem.ts";

/**
 * The policies that select a key, that of the highest priority first: `selected by a (policies/a.yaml:5)`; with their
 * priorities where there are several. Undefined for a key that a policy names.
 */
export function selectedByText(selectedBy: readonly SelectedBy[] | undefined): string | undefined {
  if (selectedBy === undefined) return undefined;
  const several = selectedBy.length > 1;
  const policies = selectedBy.map(({ policy, priority, place }) => {
    return `${policy} (${placeText(place)}${several ? `, priority ${priority}` : ""})`;
  });
  return `selected by ${policies.join(", ")}`;
}

/** Nothing for a key that a policy names. */
export function selectedByJson(selectedBy: readonly SelectedBy[] | undefined): object {
  if (selectedBy === undefined) return {};
  return {
    selectedBy: selectedBy.map(({ policy, priority, mode, place: { file, line } }) => {
      return { policy, priority, mode, file, line };
    }),
  };
}
