import { isObject, limitName } from "./canonical.ts";
import type { Canonical } from "./key.ts";
import type { Change, FieldChange } from "./plan.ts";

/** What whoever uses a key needs of it. */
export interface Lifeline {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The request budget: so many requests in `perMs`. */
  readonly budget: { readonly requests: number; readonly perMs: number };
}

/** The scopes without which keys can be neither read nor written (Portkey's API reference: authorisation). */
const neededScopes: readonly string[] = [
  "organisation_service",
  "workspace_service",
  "workspace_user",
].flatMap((family) => ["list", "read", "update"].map((verb) => `${family}_api_keys.${verb}`));

const soonMs = 7 * 86_400_000;

/**
 * Why a change could lock out whoever uses its key, as parts of a sentence; none when it could not. What was there
 * before and is not made worse is no reason; where it is not known what was there, it counts as better.
 */
export function lockoutReasons(change: Change, lifeline: Lifeline): string[] {
  return change.fields.flatMap((field) => reasonOf(field, lifeline) ?? []);
}

function reasonOf(field: FieldChange, lifeline: Lifeline): string | undefined {
  switch (field.path) {
    case "scopes":
      return scopesReason(field);
    case "expires_at":
      return expiryReason(field, lifeline);
    case "rate_limits":
      return rateReason(field, lifeline);
    case "usage_limits.credit_limit":
      return creditReason(field);
    case "usage_limits.type":
      return field.from === null ? undefined : "would count its budget in another unit";
    case "usage_limits.periodic_reset":
    case "usage_limits.periodic_reset_days":
      return field.rank === "tightens" ? "would have its budget filled up again less often" : undefined;
    case "rotation_policy.rotation_period":
    case "rotation_policy.rotation_period_days":
    case "rotation_policy.next_rotation_at":
      return rotationReason(field);
    case "rotation_policy.key_transition_period_ms":
      return field.rank === "tightens" || field.from === undefined
        ? "would have its former secret end sooner after a rotation"
        : undefined;
    default:
      return undefined;
  }
}

function scopesReason({ from, to }: FieldChange): string | undefined {
  const before = from === undefined ? neededScopes : textsOf(from);
  const after = new Set(textsOf(to));
  const lost = neededScopes.filter((scope) => before.includes(scope) && !after.has(scope));
  return lost.length === 0 ? undefined : `would lose ${lost.join(", ")}`;
}

function expiryReason({ from, to }: FieldChange, { now }: Lifeline): string | undefined {
  if (typeof to !== "string" || Date.parse(to) >= now + soonMs) return undefined;
  const postponed = typeof from === "string" && Date.parse(from) < Date.parse(to);
  return postponed ? undefined : `would expire at ${to}, in less than 7 days`;
}

function creditReason({ from, to }: FieldChange): string | undefined {
  if (typeof to !== "number") return undefined;
  const raised = typeof from === "number" && from <= to;
  return raised ? undefined : `would have a credit limit of ${to}`;
}

function rotationReason({ to, from, rank }: FieldChange): string | undefined {
  const begins = to !== null && (from === null || from === undefined);
  return begins || rank === "tightens" ? "would be rotated by the server" : undefined;
}

const unitMs: Readonly<Record<string, number>> = {
  rps: 1_000,
  rpm: 60_000,
  rph: 3_600_000,
  rpd: 86_400_000,
  rpw: 7 * 86_400_000,
};

function rateReason({ from, to }: FieldChange, { budget }: Lifeline): string | undefined {
  const before = new Map(limitsOf(from ?? null).map((limit) => [limitName(limit), limit["value"]]));
  const tight = limitsOf(to).find((limit) => {
    const value = typeof limit["value"] === "number" ? limit["value"] : 0;
    const known = before.get(limitName(limit));
    if (typeof known === "number" && known <= value) return false;
    if (value === 0) return true;
    const unit = limit["unit"];
    const ms = typeof unit === "string" ? unitMs[unit] : undefined;
    return limit["type"] === "requests" && ms !== undefined && value / ms < budget.requests / budget.perMs;
  });
  if (tight === undefined) return undefined;
  const most = `${budget.requests} in ${budget.perMs} ms`;
  return `would be limited to ${JSON.stringify(tight["value"])} ${limitName(tight)}, below what keysteward may ask (${most})`;
}

function limitsOf(limits: Canonical) {
  return Array.isArray(limits) ? limits.filter(isObject) : [];
}

function textsOf(texts: Canonical): readonly string[] {
  return Array.isArray(texts) ? texts.filter((text) => typeof text === "string") : [];
}
