import type { JsonObject } from "../core/policy.ts";
import type { Effect } from "./faults.ts";
import type { Control } from "./routes.ts";
import { isUuid, uuidFor } from "./seed-key.ts";
import { listRow } from "./shapes.ts";
import { refuse } from "./validate.ts";

/** A page of the list, youngest keys first. */
export function listAnswer(query: URLSearchParams, control: Control, effect: Effect | undefined): JsonObject {
  const { store, model } = control;
  const size = Math.min(countOf(query, "page_size", 1) ?? model.pageSizeDefault, model.pageSizeMax);
  const page = Math.max((countOf(query, "current_page", 0) ?? model.firstPage) - model.firstPage, 0);
  const workspace = query.get("workspace_id");
  const keys = store
    .youngestFirst()
    .filter((key) => workspace === null || key.workspace_id === workspaceUuid(workspace));
  const rows = keys.slice(page * size, (page + 1) * size).map((key) => listRow(store.read(key), model));
  const answer = { object: "list", total: keys.length, data: rows };
  return effect?.kind === "list" ? distorted(answer, effect) : answer;
}

/** A workspace's UUID, which is what reads show, from that or from its slug. */
export function workspaceUuid(idOrSlug: string): string {
  return isUuid(idOrSlug) ? idOrSlug.toLowerCase() : uuidFor(idOrSlug);
}

function distorted(
  answer: { readonly object: string; readonly total: number; readonly data: readonly JsonObject[] },
  { drop, duplicate, total }: Extract<Effect, { kind: "list" }>,
): JsonObject {
  return {
    ...answer,
    total: total ?? answer.total,
    data: answer.data
      .filter(({ id }) => id !== drop)
      .flatMap((row) => (row["id"] === duplicate ? [row, row] : [row])),
  };
}

function countOf(query: URLSearchParams, name: string, least: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const count = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  return count >= least ? count : refuse(`${name} must be an integer of at least ${least}`);
}
