import { rankOf } from "./fields.ts";
import type { FieldPath } from "./key.ts";
import type { FieldChange } from "./plan.ts";

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

const creditLimit: FieldPath = "usage_limits.credit_limit";
