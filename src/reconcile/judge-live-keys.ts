import type { Guardrail } from "../core/guardrail.ts";
import type { LiveKey } from "../core/key.ts";
import {
  guardrailsFor,
  liveViolations,
  looksBeyondList,
  type LabelsOf,
  type Violation,
} from "../core/live-violations.ts";
import type { KeyId } from "../core/policy.ts";
import { compareTexts } from "../core/texts.ts";
import type { LiveRecord } from "../ports.ts";
import type { ReadPorts } from "./read-live-keys.ts";
import { readWholeKeys } from "./read-whole-keys.ts";

/** A guardrail that cannot be judged on a key, since what it looks at cannot be read. */
export interface Unjudged {
  readonly keyId: KeyId;
  readonly guardrail: string;
  readonly message: string;
}

export interface JudgedKeys {
  readonly violations: readonly Violation[];
  readonly unjudged: readonly Unjudged[];
}

export interface JudgeRequest {
  /** Keys as a list, or a GET, shows them. */
  readonly records: readonly Pick<LiveRecord, "key">[];
  readonly guardrails: readonly Guardrail[];
  readonly labelsOf: LabelsOf;
  readonly signal: AbortSignal;
}

/**
 * Judges live keys by the guardrails that are about live keys. Costs a GET for each key on which one looks at something
 * that the list does not show, unless what an earlier GET showed still holds. What cannot be read is never taken for empty.
 */
export async function judgeLiveKeys(ports: ReadPorts, request: JudgeRequest): Promise<JudgedKeys> {
  const { records, guardrails, labelsOf, signal } = request;
  const isBeyond = new Set(guardrails.filter(looksBeyondList));
  const beyondOn = (key: LiveKey): readonly Guardrail[] =>
    guardrailsFor(key, guardrails, labelsOf).filter((one) => isBeyond.has(one));
  const wanting = records.filter(({ key }) => beyondOn(key).length > 0);
  const whole = await readWholeKeys(
    ports,
    wanting.map(({ key }) => ({ key, raw: {} })),
    { signal },
  );
  const known = new Map(whole.map((one) => [one.key.id, one]));
  const sorted = records.toSorted((a, b) => compareTexts(a.key.id, b.key.id));
  const judged = sorted.map(({ key }) => {
    const complete = known.get(key.id);
    const isKnown = complete === undefined || complete.unreadable === null;
    const by = isKnown ? guardrails : guardrails.filter((one) => !isBeyond.has(one));
    return {
      violations: liveViolations([complete?.key ?? key], by, labelsOf),
      unjudged: isKnown
        ? []
        : beyondOn(key).map(({ name }) => ({
            keyId: key.id,
            guardrail: name,
            message: complete.unreadable ?? "",
          })),
    };
  });
  return {
    violations: judged.flatMap((one) => one.violations),
    unjudged: judged.flatMap((one) => one.unjudged),
  };
}
