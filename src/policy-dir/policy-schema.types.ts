/* Generated from schema/policy.schema.json by `npm run types`; do not edit. */

/**
 * One YAML document of a Keysteward policy directory, apiVersion keysteward/v1.
 */
export type PolicyDocument = KeyPolicyDocument | ProfileDocument | GuardrailDocument | PolicyTestDocument;
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
   * What the budget counts: cost in US dollars, which is meant where nothing is said, or tokens.
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
 * Differences that are known: told, but neither mended nor alarmed, until an instant; then they are enforced as before.
 *
 * @minItems 1
 */
export type Acknowledgements = AcknowledgementEntry[];
/**
 * A token of your choice, 1 to 100 characters: each key's usage is reset once when it changes, and never because of a re-run. Left out: usage is not reset. The token that a policy already has when a key comes under it resets nothing.
 */
export type ResetUsage = string;

/**
 * What one API key, several alike, or all that have certain attributes must look like.
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
  match?: KeyMatch;
  /**
   * Which of several policies that select a key by match has its way, field by field: the higher number. Only with match.
   */
  priority?: number;
  mode?: Mode;
  profiles?: ProfileNames;
  key?: Key;
  /**
   * Exceptions that end by themselves, laid over profiles and key while they are in force; later ones in the list win. At most 50.
   *
   * @maxItems 50
   */
  overrides?: Override[];
  acknowledge?: Acknowledgements;
  resetUsage?: ResetUsage;
}
/**
 * Selects live keys by their attributes, instead of keyId: all that are given must hold. A key that another policy names by its id is that policy's alone.
 */
export interface KeyMatch {
  /**
   * The key's type, as reads show it: organisation-service, workspace-service or workspace-user.
   */
  type?: string;
  /**
   * The UUID of the key's workspace, as reads show it; not its slug (ws-…). Either case.
   */
  workspace_id?: string;
  /**
   * A pattern for the key's name: * stands for any text, ? for one character, anything else for itself, in its case.
   */
  name?: string;
  metadata?: MatchMetadata;
  /**
   * The key's status, as reads show it: active, exhausted or expired. It changes by itself, and with it what is selected.
   */
  status?: string;
}
/**
 * Values by name: each of them must be in the key's defaults.metadata, whatever else is there.
 */
export interface MatchMetadata {
  [k: string]: string | number | boolean;
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
 * An exception that begins and ends by itself. It may set only what profiles or key speak of too: that is what holds again after it.
 */
export interface Override {
  /**
   * When it begins: RFC 3339 instant with a time zone, itself included; in force at once when left out.
   */
  from?: string;
  /**
   * When it ends: RFC 3339 instant with a time zone, after from; from this instant on it is over.
   */
  until: string;
  /**
   * Why there is an exception, for whoever reads of its end: at most 500 characters.
   */
  reason: string;
  key: Key;
}
/**
 * One field, or one group of fields, that is left as it is live.
 */
export interface AcknowledgementEntry {
  /**
   * The field, dotted as in `key` (usage_limits.credit_limit, defaults.metadata.team), or a group of fields (usage_limits, defaults).
   */
  path: string;
  /**
   * The instant at which the field is enforced again, as in RFC 3339.
   */
  until: string;
  /**
   * Why the difference is left, for whoever reads a plan; 1 to 300 characters.
   */
  reason: string;
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
/**
 * What no key may be, whoever asks: a rule over what profiles and policy say together, or over live keys too.
 */
export interface GuardrailDocument {
  apiVersion: ApiVersion;
  /**
   * The kind of document: Guardrail judges keys.
   */
  kind: "Guardrail";
  metadata: GuardrailMetadata;
  spec: GuardrailSpec;
}
/**
 * What the guardrail is called and how it is labelled.
 */
export interface GuardrailMetadata {
  name: Name;
  labels?: GuardrailLabels;
}
/**
 * Free labels of the guardrail itself: text by name. They choose nothing.
 */
export interface GuardrailLabels {
  [k: string]: string;
}
/**
 * Which keys are judged, and by what.
 */
export interface GuardrailSpec {
  match?: GuardrailMatch;
  /**
   * error (the default): a policy that offends is refused, and its keys keep their values. warning: it is told.
   */
  severity?: "error" | "warning";
  /**
   * What the rule demands, in a sentence for whoever offends against it: 1 to 300 characters.
   */
  message: string;
  /**
   * policies (the default): what policies ask for. live: that, and every live key, governed or not, in `keysteward audit`.
   */
  appliesTo?: "policies" | "live";
  schema: GuardrailSchema;
}
/**
 * Which keys the guardrail judges: all that is given must hold. Left out: every key.
 */
export interface GuardrailMatch {
  labels?: MatchLabels;
  /**
   * The live key's type: workspace-service, workspace-user or organisation-service.
   */
  type?: string;
  /**
   * The UUID of the live key's workspace, as GET /api-keys shows it; either case.
   */
  workspace_id?: string;
  /**
   * A pattern for the live key's name: * for any text, ? for one character.
   */
  name?: string;
  metadata?: GuardrailMatchMetadata;
  /**
   * The live key's status: active, exhausted or expired.
   */
  status?: string;
}
/**
 * Labels that the policy must have, text by name; a key that no policy governs has none.
 */
export interface MatchLabels {
  [k: string]: string;
}
/**
 * Default metadata that the live key must have: plain values by name, null for a name that it must not have.
 */
export interface GuardrailMatchMetadata {
  [k: string]: string | number | boolean | null;
}
/**
 * JSON Schema 2020-12 for the effective key, whose fields are those of a key block. A field that nobody manages is absent; one that must be empty is null.
 */
export interface GuardrailSchema {
  [k: string]: unknown;
}
/**
 * What policies must come to, run by keysteward test. It governs nothing.
 */
export interface PolicyTestDocument {
  apiVersion: ApiVersion;
  /**
   * The kind of document: PolicyTest says what policies must come to.
   */
  kind: "PolicyTest";
  metadata: PolicyTestMetadata;
  spec: PolicyTestSpec;
}
/**
 * What the test is called.
 */
export interface PolicyTestMetadata {
  name: Name;
}
/**
 * The cases of the test.
 */
export interface PolicyTestSpec {
  /**
   * What is looked at, one after the other, each on its own; at least one.
   *
   * @minItems 1
   */
  cases: PolicyTestCase[];
}
/**
 * What is given, and what must come out.
 */
export interface PolicyTestCase {
  /**
   * The rule that the case holds, for whoever reads that it failed: 1 to 200 characters.
   */
  name: string;
  given: Given;
  expect: Expect;
}
/**
 * What the case is about: exactly one of policy, key and sample.
 */
export interface Given {
  /**
   * The name of a policy: what it asks of its keys, whichever they are. Other policies do not count.
   */
  policy?: string;
  key?: SampleKey;
  sample?: SamplePolicy;
  /**
   * The moment that the case is about: RFC 3339 instant with a time zone; that of the run when left out.
   */
  at?: string;
}
/**
 * A live key that policies may select by its attributes, or name by its id. An attribute that is left out is not known.
 */
export interface SampleKey {
  id?: KeyId;
  /**
   * The key's name.
   */
  name?: string;
  /**
   * The key's type, as reads show it: organisation-service, workspace-service or workspace-user.
   */
  type?: string;
  /**
   * The UUID of the key's workspace, as reads show it. Either case.
   */
  workspace_id?: string;
  /**
   * The key's status, as reads show it: active, exhausted or expired.
   */
  status?: string;
  metadata?: SampleMetadata;
}
/**
 * The key's defaults.metadata: plain values by name.
 */
export interface SampleMetadata {
  [k: string]: string | number | boolean;
}
/**
 * A policy that stands in the test alone: what somebody may write one day. All profiles and guardrails are there.
 */
export interface SamplePolicy {
  labels?: SampleLabels;
  profiles?: ProfileNames;
  key?: Key;
  /**
   * Overrides of the policy, as in a KeyPolicy; at most 50.
   *
   * @maxItems 50
   */
  overrides?: Override[];
}
/**
 * The labels of the policy, by which guardrails choose: text by name.
 */
export interface SampleLabels {
  [k: string]: string;
}
/**
 * What must come out, at least one of these; all that is given must hold. An error that is not expected fails the case.
 */
export interface Expect {
  key?: Key;
  /**
   * The name of the policy that governs the key; null for none.
   */
  policy?: string | null;
  /**
   * The mode in which the key is governed: enforce, report or paused.
   */
  mode?: "enforce" | "report" | "paused";
  /**
   * Paths of fields of which nothing may be said, such as usage_limits.credit_limit; a group stands for all in it.
   *
   * @minItems 1
   */
  unmanaged?: string[];
  /**
   * Codes of problems, each of which must be found.
   *
   * @minItems 1
   */
  problems?: string[];
}
