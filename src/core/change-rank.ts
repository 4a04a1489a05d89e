import { rankOf } from "./fields.ts";
import type { FieldPath } from "./key.ts";
import type { Change, FieldChange } from "./plan.ts";
import { worstRank, type Rank } from "./rank.ts";

type Unranked = Omit<FieldChange, "rank">;

/** All the fields that change on one key, each with which way it goes. */
export function ranked(fields: readonly Unranked[]): FieldChange[] {
  const limit = fields.find(({ path }) => path === creditLimit);
  const isNewBudget = limit !== undefined && limit.from === null;
  return fields.map((field) => {
    const { path, from, to } = field;
    // Where there was no budget, how often it refills and what it counts grant nothing: the limit alone has a rank.
    const isPartOfNew = isNewBudget && path !== creditLimit && path.startsWith("usage_limits.");
    return { ...field, rank: isPartOfNew ? "neutral" : rankOf(path, from, to) };
  });
}

/** Which way a change as a whole goes. A reset frees what the budget had taken away, whatever is set beside it. */
export function rankOfChange({
  fields,
  reset,
}: {
  readonly fields: readonly FieldChange[];
  readonly reset: Change["reset"];
}): Rank {
  return reset === undefined ? worstRank(fields.map(({ rank }) => rank)) : "loosens";
}

const creditLimit: FieldPath = "usage_limits.credit_limit";
