import type { Json, JsonObject } from "../core/policy.ts";

export interface RateLimit {
  readonly type: string;
  readonly unit: string;
  readonly value: number;
}

export interface RotationPolicy {
  readonly rotation_period?: string | null;
  readonly rotation_period_days?: number | null;
  /** Always at 00:00 UTC; null only until the server has computed it. */
  readonly next_rotation_at: string | null;
  readonly key_transition_period_ms: number;
}

/** A key as the control plane keeps it; names and values as in the API's answers. */
export interface StoredKey {
  readonly id: string;
  /** The masked secret. */
  readonly key: string;
  readonly name: string;
  readonly description: string | null;
  readonly type: "organisation-service" | "workspace-service" | "workspace-user";
  readonly organisation_id: string;
  /** A UUID, whatever it was created with. */
  readonly workspace_id: string | null;
  readonly user_id: string | null;
  readonly status: "active" | "exhausted" | "expired";
  readonly created_at: string;
  readonly last_updated_at: string;
  readonly creation_mode: "ui" | "api" | "auto";
  readonly rate_limits: readonly RateLimit[];
  /** With the server's bookkeeping; an object without `credit_limit` is no limit. */
  readonly usage_limits: JsonObject | null;
  readonly reset_usage: number | null;
  readonly scopes: readonly string[];
  readonly defaults: { readonly metadata: JsonObject | null; readonly config_id: string | null };
  readonly alert_emails: readonly string[] | null;
  readonly expires_at: string | null;
  readonly last_reset_at: string | null;
  readonly expiry_enforced: number;
  readonly allow_config_override: 0 | 1 | null;
  readonly api_key_defaults_id: string | null;
  readonly rotation_policy: RotationPolicy | null;
  readonly last_rotated_at: string | null;
  /** Until when the secret before the last rotation lives; shown by no read. */
  readonly transition_until: string | null;
}

/** A part of `usage_limits` as a number, or null. */
export function amount(limits: JsonObject | null, name: string): number | null {
  const value: Json = limits?.[name] ?? null;
  return typeof value === "number" ? value : null;
}
