import type { Json, JsonObject } from "../../src/core/policy.ts";
import { configA, configB } from "./build.ts";

/*
 * What a policy says, and what Portkey may answer when the key is as it says. Every row is judged in the shape of the
 * list and in the shape of a GET, in both directions: the answers are no difference, the counterexamples are.
 */
export interface Row {
  readonly rule: string;
  readonly key: JsonObject;
  readonly same: readonly JsonObject[];
  readonly differs: readonly JsonObject[];
}

const perMinute = { type: "requests", unit: "rpm", value: 600 };
const perDay = { type: "tokens", unit: "rpd", value: 5000 };
export const metadata = (value: Json): JsonObject => ({ defaults: { metadata: value, config_id: null } });
const config = (value: Json): JsonObject => ({ defaults: { metadata: null, config_id: value } });
const defaultsWithout = (absent: string): JsonObject => ({
  defaults: Object.fromEntries(
    Object.entries({ metadata: null, config_id: null }).filter(([name]) => name !== absent),
  ),
});

/** Fields that stand alone, and the parts of `defaults`. */
export const rows: readonly Row[] = [
  {
    rule: "an override switch of true reads as 1, or as unset, which has the same effect",
    key: { defaults: { allow_config_override: true } },
    same: [{ allow_config_override: 1 }, { allow_config_override: true }, { allow_config_override: null }],
    differs: [{ allow_config_override: 0 }, { allow_config_override: false }],
  },
  {
    rule: "an override switch of false reads as 0; unset is a difference",
    key: { defaults: { allow_config_override: false } },
    same: [{ allow_config_override: 0 }, { allow_config_override: false }],
    differs: [{ allow_config_override: 1 }, { allow_config_override: null }],
  },
  {
    rule: "a config id is compared without regard to case",
    key: { defaults: { config_id: configA.toUpperCase() } },
    same: [config(configA), config(configA.toUpperCase())],
    differs: [config(configB), config(null)],
  },
  {
    rule: "no config reads as null, empty or absent",
    key: { defaults: { config_id: null } },
    same: [config(null), config(""), defaultsWithout("config_id"), { defaults: null }, { defaults: {} }],
    differs: [config(configA)],
  },
  {
    rule: "no description reads as null, empty or blank",
    key: { description: null },
    same: [{ description: null }, { description: "" }, { description: "  " }],
    differs: [{ description: "set" }],
  },
  {
    rule: "a description is compared without surrounding white space, and with its case",
    key: { description: " For the chat bot\n" },
    same: [{ description: "For the chat bot" }, { description: "For the chat bot " }],
    differs: [{ description: "for the chat bot" }, { description: null }],
  },
  {
    rule: "an empty description and null mean the same",
    key: { description: "" },
    same: [{ description: null }, { description: "" }],
    differs: [{ description: "x" }],
  },
  {
    rule: "a name is exact but for surrounding white space",
    key: { name: "search" },
    same: [{ name: "search" }, { name: "search " }],
    differs: [{ name: "Search" }, { name: "searching" }],
  },
  {
    rule: "no rate limits read as an empty list or null",
    key: { rate_limits: null },
    same: [{ rate_limits: [] }, { rate_limits: null }],
    differs: [{ rate_limits: [perMinute] }],
  },
  {
    rule: "an empty list of rate limits means none",
    key: { rate_limits: [] },
    same: [{ rate_limits: [] }, { rate_limits: null }],
    differs: [{ rate_limits: [perMinute] }],
  },
  {
    rule: "rate limits have no order, and what the server adds to them is ignored",
    key: { rate_limits: [perMinute, perDay] },
    same: [
      { rate_limits: [perMinute, perDay] },
      { rate_limits: [perDay, perMinute] },
      {
        rate_limits: [
          { ...perDay, id: 7 },
          { unit: "rpm", value: "600", type: "requests" },
        ],
      },
    ],
    differs: [
      { rate_limits: [perMinute] },
      { rate_limits: [perMinute, { ...perDay, value: 5001 }] },
      { rate_limits: [perMinute, { ...perDay, unit: "rph" }] },
      { rate_limits: [perMinute, perDay, { ...perMinute, unit: "rpd" }] },
    ],
  },
  {
    rule: "a rate limit of 0 is a limit, not its absence",
    key: { rate_limits: [{ ...perMinute, value: 0 }] },
    same: [{ rate_limits: [{ ...perMinute, value: 0 }] }],
    differs: [{ rate_limits: [] }, { rate_limits: null }, { rate_limits: [{ ...perMinute, value: 1 }] }],
  },
  {
    rule: "no alert emails read as null or an empty list",
    key: { alert_emails: null },
    same: [{ alert_emails: null }, { alert_emails: [] }],
    differs: [{ alert_emails: ["a@example.com"] }],
  },
  {
    rule: "alert emails have no order, no repeats, and domains without case",
    key: { alert_emails: ["Ops@Example.com", "b@example.com"] },
    same: [
      { alert_emails: ["b@example.com", "Ops@example.com"] },
      { alert_emails: ["Ops@EXAMPLE.COM", "b@example.com", "b@example.com"] },
    ],
    differs: [{ alert_emails: ["ops@example.com", "b@example.com"] }, { alert_emails: ["b@example.com"] }],
  },
  {
    rule: "no metadata reads as null, an empty object or absent",
    key: { defaults: { metadata: null } },
    same: [metadata(null), metadata({}), defaultsWithout("metadata"), { defaults: null }],
    differs: [metadata({ team: "search" })],
  },
  {
    rule: "metadata is compared name by name: what the server adds is not ours, scalars count as their text",
    key: { defaults: { metadata: { team: "search", tier: 2, beta: true } } },
    same: [
      metadata({ team: "search", tier: "2", beta: "true" }),
      metadata({ beta: true, tier: 2, team: "search", added: "by a schema" }),
    ],
    differs: [
      metadata({ team: "Search", tier: 2, beta: true }),
      metadata({ team: "search", tier: 2 }),
      metadata(null),
    ],
  },
  {
    rule: "a metadata name that must be empty is so when it is absent or null",
    key: { defaults: { metadata: { team: null } } },
    same: [metadata({}), metadata(null), metadata({ other: "x" }), metadata({ team: null })],
    differs: [metadata({ team: "search" }), metadata({ team: "" })],
  },
  {
    rule: "scopes are a set",
    key: { scopes: ["logs.view", "completions.write", "logs.view"] },
    same: [{ scopes: ["completions.write", "logs.view"] }, { scopes: ["logs.view", "completions.write"] }],
    differs: [
      { scopes: ["completions.write"] },
      { scopes: ["completions.write", "logs.view", "logs.list"] },
      { scopes: [] },
    ],
  },
  {
    rule: "an expiry is an instant in whole seconds, whatever its offset or fraction",
    key: { expires_at: "2027-06-30T23:59:59.750+00:00" },
    same: [
      { expires_at: "2027-06-30T23:59:59.000Z" },
      { expires_at: "2027-06-30T23:59:59Z" },
      { expires_at: "2027-07-01T01:59:59+02:00" },
    ],
    differs: [{ expires_at: "2027-07-01T00:00:00.000Z" }, { expires_at: null }],
  },
  {
    rule: "no expiry reads as null",
    key: { expires_at: null },
    same: [{ expires_at: null }],
    differs: [{ expires_at: "2027-06-30T23:59:59.000Z" }],
  },
  {
    rule: "what is read-only, server-made or of a newer server is never looked at",
    key: { name: "key", expires_at: null },
    same: [
      {
        status: "expired",
        key: "z1*****3AX",
        last_updated_at: "2026-09-01T11:00:00.000Z",
        last_reset_at: "2026-09-01T00:00:00.000Z",
        last_rotated_at: "2026-09-01T00:00:00.000Z",
        expiry_enforced: 1,
        api_key_defaults_id: configB,
        reset_usage: 1,
        guardrail_exclusions: [{ a: 1 }],
      },
    ],
    differs: [{ name: "other" }],
  },
];
