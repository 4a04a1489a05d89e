import { fieldsOf, instantText, isUncommitted, resetOf } from "../core/history-detail.ts";
import { requestEnds, type ChainReport, type HistoryEntry, type HistoryLine } from "../core/history.ts";
import type { JsonObject } from "../core/policy.ts";

/* The audit trail as JSON, described by schema/results.schema.json like the results in json.ts. */

export function historyJson(entries: readonly HistoryEntry[]): string {
  return text({ version: 1, entries: entries.map(entryJson) });
}

export function verdictJson({ lines, before, trimmed, last, broken }: ChainReport): string {
  return text({ version: 1, ok: broken === null, lines, before, trimmed, last, broken });
}

/** `outcome` is null for what is no request, and for one whose end was never learnt. */
function entryJson({ first, rest }: HistoryEntry): object {
  const { at, seq, pass, keyId, policy, file, line, commit, author, event, detail } = first;
  return {
    at: instantText(at),
    ...{ seq, event, pass, keyId, policy, file, line, commit, author },
    uncommitted: isUncommitted(detail),
    fields: fieldsOf(detail).map(({ detail: field, ...told }) => ({
      ...told,
      uncommitted: isUncommitted(field),
    })),
    ...resetJson(detail),
    outcome: rest.findLast((one) => requestEnds.some((end) => end === one.event))?.event ?? null,
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
