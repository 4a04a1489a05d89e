import { fieldsOf, instantText, isUncommitted, requestEndOf, resetOf } from "../core/history-detail.ts";
import type { ChainReport, HistoryEntry, HistoryLine } from "../core/history.ts";
import type { JsonObject } from "../core/policy.ts";

/* The audit trail as JSON, described by schema/results.schema.json like the results in json.ts. */

export function historyJson(entries: readonly HistoryEntry[]): string {
  return text({ version: 1, entries: entries.map(entryJson) });
}

export function verdictJson({ lines, before, trimmed, last, broken }: ChainReport): string {
  return text({ version: 1, ok: broken === null, lines, before, trimmed, last, broken });
}

/** `outcome` is null for what is no request, and for one whose end was never learnt. */
function entryJson(entry: HistoryEntry): object {
  const { first, rest } = entry;
  const { at, seq, pass, keyId, policy, file, line, commit, author, event, detail } = first;
  return {
    at: instantText(at),
    ...{ seq, event, pass, keyId, policy, file, line, commit, author },
    uncommitted: isUncommitted(detail),
    fields: fieldsOf(detail).map(({ detail: field, ...told }) => ({
      ...told,
      uncommitted: isUncommitted(told.file === file ? detail : field),
    })),
    ...resetJson(detail),
    outcome: requestEndOf(entry),
    lines: [first, ...rest].map(lineJson),
  };
}

function resetJson(detail: JsonObject): object {
  const reset = resetOf(detail);
  return reset === undefined ? {} : { reset };
}

function lineJson({ seq, at, pass, event, detail, hash }: HistoryLine): object {
  return { seq, at: instantText(at), pass, event, detail, hash };
}

function text(result: object): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}
