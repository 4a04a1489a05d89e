/* Generated from schema/policy.schema.json by `npm run types`; do not edit. */

/**
 * One YAML document of a Keysteward policy directory, apiVersion keysteward/v1.
 */
export type PolicyDocument = KeyPolicyDocument | ProfileDocument;
/**
 * The version of the policy language.
 */
export type ApiVersion = "keysteward/v1";
/**
 * 1 to 100 lower-case letters, digits, dots, dashes and underscores; unique among the documents of its kind.
 */
export type Name = string;
/**
 * The UUID of a Portkey API key, as GET /api-keys shows it; either case.
 */
export type KeyId = string;
/**
 * enforce (the default): drift is mended. report: drift is told, not mended. paused: the keys are left alone.
 */
export type Mode = "enforce" | "report" | "paused";
/**
 * Names of profiles to build on, applied left to right; later ones win.
 */
export type ProfileNames = Name[];
/**
 * The key's budget; null for none.
 */
export type UsageLimits = {
  /**
   * What the budget counts: cost in US dollars, or tokens.
   */
  type?: "cost" | "tokens";
  /**
   * The budget, in US dollars or tokens as type says; fractions are allowed.
   */
  credit_limit?: number;
  /**
   * Usage at which an alert is sent, in the unit of credit_limit and not above it; null for no alert.
   */
  alert_threshold?: number | null;
  /**
   * When usage starts again from zero: every month or week; null for not by calendar. Excludes periodic_reset_days.
   */
  periodic_reset?: "monthly" | "weekly" | null;
  /**
   * Usage starts again from zero every so many days (1 to 365); null for not. Excludes periodic_reset.
   */
  periodic_reset_days?: number | null;
} | null;
/**
 * Metadata of each request: plain values by name; null or {} for none.
 */
export type DefaultMetadata = {
  [k: string]: string | number | boolean | null;
} | null;
/**
 * When Portkey replaces the key's secret by itself; null for never.
 */
export type RotationPolicy = {
  /**
   * Rotate every week or month; null for not by calendar. Excludes rotation_period_days and next_rotation_at.
   */
  rotation_period?: "weekly" | "monthly" | null;
  /**
   * Rotate every so many days (1 to 365); null for not. Excludes rotation_period and next_rotation_at.
   */
  rotation_period_days?: number | null;
  /**
   * Rotate once at this RFC 3339 instant (Portkey rounds it to midnight UTC); null for not at a date.
   */
  next_rotation_at?: string | null;
  /**
   * How long the old secret still works after a rotation, in milliseconds; at least 1800000 (30 minutes), which is also the server's default.
   */
  key_transition_period_ms?: number;
} | null;
/**
 * A token of your choice, 1 to 100 characters: each key's usage is reset once when it changes, and never because of a re-run. Left out: usage is not reset. The token that a policy already has when a key comes under it resets nothing.
 */
export type ResetUsage = string;

/**
 * What one API key, or several alike, must look like.
 */
export interface KeyPolicyDocument {
  apiVersion: ApiVersion;
  /**
   * The kind of document: KeyPolicy governs keys.
   */
  kind: "KeyPolicy";
  metadata: KeyPolicyMetadata;
  spec: KeyPolicySpec;
}
/**
 * What the policy is called and how it is labelled.
 */
export interface KeyPolicyMetadata {
  name: Name;
  labels?: Labels;
}
/**
 * Free labels of the policy: text by name. They are never sent to Portkey.
 */
export interface Labels {
  [k: string]: string;
}
/**
 * Which keys are meant, and what they must look like.
 */
export interface KeyPolicySpec {
  keyId?: KeyId;
  /**
   * The UUIDs of all keys that are to look like this; instead of keyId.
   *
   * @minItems 1
   */
  keyIds?: KeyId[];
  mode?: Mode;
  profiles?: ProfileNames;
  key?: Key;
  resetUsage?: ResetUsage;
}
/**
 * The fields of PUT /api-keys/{id}. null: must be empty. A field left out: this document says nothing about it.
 */
export interface Key {
  /**
   * The key's name: 1 to 100 characters. Names need not be unique in Portkey.
   */
  name?: string;
  /**
   * What the key is for: at most 200 characters, or null for none.
   */
  description?: string | null;
  /**
   * How much the key may do in a span of time; null or [] for no limit. The list is one value: it replaces, it is not merged.
   */
  rate_limits?: RateLimit[] | null;
  usage_limits?: UsageLimits;
  /**
   * What the key may do; at least one scope. The list is one value: it replaces, it is not merged.
   *
   * @minItems 1
   */
  scopes?: string[];
  defaults?: Defaults;
  /**
   * Who is told when a limit is near or reached: email addresses; null or [] for nobody.
   */
  alert_emails?: string[] | null;
  /**
   * When the key stops working: RFC 3339 instant with a time zone, kept by Portkey to the second; null for never.
   */
  expires_at?: string | null;
  rotation_policy?: RotationPolicy;
}
/**
 * One limit on the rate of use.
 */
export interface RateLimit {
  /**
   * What is counted: requests or tokens.
   */
  type: "requests" | "tokens";
  /**
   * The span of time: rps a second, rpm a minute, rph an hour, rpd a day, rpw a week.
   */
  unit: "rps" | "rpm" | "rph" | "rpd" | "rpw";
  /**
   * How many requests or tokens a unit; a whole number. 0 blocks the key.
   */
  value: number;
}
/**
 * What each request made with the key carries unless it says otherwise.
 */
export interface Defaults {
  metadata?: DefaultMetadata;
  /**
   * The UUID of the gateway config the key uses, not its slug (pc-…); null for none.
   */
  config_id?: string | null;
  /**
   * Whether a request may name another config than the key's.
   */
  allow_config_override?: boolean;
}
/**
 * Settings that several policies share; it may build on other profiles.
 */
export interface ProfileDocument {
  apiVersion: ApiVersion;
  /**
   * The kind of document: Profile holds shared settings.
   */
  kind: "Profile";
  metadata: ProfileMetadata;
  spec: ProfileSpec;
}
/**
 * What the profile is called.
 */
export interface ProfileMetadata {
  name: Name;
}
/**
 * What the profile asks of the keys that use it.
 */
export interface ProfileSpec {
  profiles?: ProfileNames;
  key?: Key;
}
