import type { Json, JsonObject } from "../../src/core/policy.ts";
import { configA, configB } from "./build.ts";

/*
 * What a policy says, and what Portkey may answer when the key is as it says. Every row is judged in the shape of the
 * list and in the shape of a GET, in both directions: the answers are no difference, the counterexamples are.
 *
 * The normalisations are what is known of Portkey's answers, from its API reference or observed:
 *
 *    1 config switch      7 alert emails      13 usage period         19 rotation status     25 user
 *    2 defaults row         8 metadata          14 next usage reset     20 instants            26 usage reset
 *    3 config               9 no budget         15 no rotation          21 expired             27 expiry_enforced
 *    4 workspace           10 bookkeeping       16 next rotation        22 scopes              28 name
 *    5 description         11 budget type       17 transition           23 type                29 list and GET
 *    6 rate limits         12 money numbers     18 period and days      24 secret
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
    rule: "normalisation 1, config switch: true reads as 1, or as unset, which has the same effect",
    key: { defaults: { allow_config_override: true } },
    same: [{ allow_config_override: 1 }, { allow_config_override: true }, { allow_config_override: null }],
    differs: [{ allow_config_override: 0 }, { allow_config_override: false }],
  },
  {
    rule: "normalisation 1, config switch: false reads as 0; unset is a difference",
    key: { defaults: { allow_config_override: false } },
    same: [{ allow_config_override: 0 }, { allow_config_override: false }],
    differs: [{ allow_config_override: 1 }, { allow_config_override: null }],
  },
  {
    rule: "normalisation 3, config: an id is compared without regard to case",
    key: { defaults: { config_id: configA.toUpperCase() } },
    same: [config(configA), config(configA.toUpperCase())],
    differs: [config(configB), config(null)],
  },
  {
    rule: "normalisation 3, config: none reads as null, empty or absent",
    key: { defaults: { config_id: null } },
    same: [config(null), config(""), defaultsWithout("config_id"), { defaults: null }, { defaults: {} }],
    differs: [config(configA)],
  },
  {
    rule: "normalisation 5, description: none reads as null, empty or blank",
    key: { description: null },
    same: [{ description: null }, { description: "" }, { description: "  " }],
    differs: [{ description: "set" }],
  },
  {
    rule: "normalisation 5, description: compared without surrounding white space, and with its case",
    key: { description: " For the chat bot\n" },
    same: [{ description: "For the chat bot" }, { description: "For the chat bot " }],
    differs: [{ description: "for the chat bot" }, { description: null }],
  },
  {
    rule: "normalisation 5, description: empty and null mean the same",
    key: { description: "" },
    same: [{ description: null }, { description: "" }],
    differs: [{ description: "x" }],
  },
  {
    rule: "normalisation 28, name: exact but for surrounding white space",
    key: { name: "search" },
    same: [{ name: "search" }, { name: "search " }],
    differs: [{ name: "Search" }, { name: "searching" }],
  },
  {
    rule: "normalisation 6, rate limits: none read as an empty list or null",
    key: { rate_limits: null },
    same: [{ rate_limits: [] }, { rate_limits: null }],
    differs: [{ rate_limits: [perMinute] }],
  },
  {
    rule: "normalisation 6, rate limits: an empty list means none",
    key: { rate_limits: [] },
    same: [{ rate_limits: [] }, { rate_limits: null }],
    differs: [{ rate_limits: [perMinute] }],
  },
  {
    rule: "normalisation 6, rate limits: they have no order, and what the server adds to them is ignored",
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
    rule: "normalisation 6, rate limits: a limit of 0 is a limit, not its absence",
    key: { rate_limits: [{ ...perMinute, value: 0 }] },
    same: [{ rate_limits: [{ ...perMinute, value: 0 }] }],
    differs: [{ rate_limits: [] }, { rate_limits: null }, { rate_limits: [{ ...perMinute, value: 1 }] }],
  },
  {
    rule: "normalisation 7, alert emails: none read as null or an empty list",
    key: { alert_emails: null },
    same: [{ alert_emails: null }, { alert_emails: [] }],
    differs: [{ alert_emails: ["a@example.com"] }],
  },
  {
    rule: "normalisation 7, alert emails: they have no order, no repeats, and domains without case",
    key: { alert_emails: ["Ops@Example.com", "b@example.com"] },
    same: [
      { alert_emails: ["b@example.com", "Ops@example.com"] },
      { alert_emails: ["Ops@EXAMPLE.COM", "b@example.com", "b@example.com"] },
    ],
    differs: [{ alert_emails: ["ops@example.com", "b@example.com"] }, { alert_emails: ["b@example.com"] }],
  },
  {
    rule: "normalisation 8, metadata: none reads as null, an empty object or absent",
    key: { defaults: { metadata: null } },
    same: [metadata(null), metadata({}), defaultsWithout("metadata"), { defaults: null }],
    differs: [metadata({ team: "search" })],
  },
  {
    rule: "normalisation 8, metadata: compared name by name; what the server adds is not ours, scalars count as their text",
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
    rule: "normalisation 8, metadata: a name that must be empty is so when it is absent or null",
    key: { defaults: { metadata: { team: null } } },
    same: [metadata({}), metadata(null), metadata({ other: "x" }), metadata({ team: null })],
    differs: [metadata({ team: "search" }), metadata({ team: "" })],
  },
  {
    rule: "normalisation 22, scopes: they are a set",
    key: { scopes: ["logs.view", "completions.write", "logs.view"] },
    same: [{ scopes: ["completions.write", "logs.view"] }, { scopes: ["logs.view", "completions.write"] }],
    differs: [
      { scopes: ["completions.write"] },
      { scopes: ["completions.write", "logs.view", "logs.list"] },
      { scopes: [] },
    ],
  },
  {
    rule: "normalisation 20, instants: an expiry counts in whole seconds, whatever its offset or fraction",
    key: { expires_at: "2027-06-30T23:59:59.750+00:00" },
    same: [
      { expires_at: "2027-06-30T23:59:59.000Z" },
      { expires_at: "2027-06-30T23:59:59Z" },
      { expires_at: "2027-07-01T01:59:59+02:00" },
    ],
    differs: [{ expires_at: "2027-07-01T00:00:00.000Z" }, { expires_at: null }],
  },
  {
    rule: "normalisation 20, instants: no expiry reads as null",
    key: { expires_at: null },
    same: [{ expires_at: null }],
    differs: [{ expires_at: "2027-06-30T23:59:59.000Z" }],
  },
  {
    rule: "normalisation 2, defaults row: a switch that turns from unset to 1 with the first metadata is no difference",
    key: { defaults: { metadata: { team: "search" } } },
    same: [
      { ...metadata({ team: "search" }), allow_config_override: null, api_key_defaults_id: null },
      { ...metadata({ team: "search" }), allow_config_override: 1, api_key_defaults_id: configB },
    ],
    differs: [{ ...metadata({ team: "chat" }), allow_config_override: 1, api_key_defaults_id: configB }],
  },
  {
    rule: "normalisation 2, defaults row: a switch of true is as wanted before the row is there and after",
    key: { defaults: { metadata: { team: "search" }, allow_config_override: true } },
    same: [
      { ...metadata({ team: "search" }), allow_config_override: null, api_key_defaults_id: null },
      { ...metadata({ team: "search" }), allow_config_override: 1, api_key_defaults_id: configB },
    ],
    differs: [{ ...metadata({ team: "search" }), allow_config_override: 0, api_key_defaults_id: configB }],
  },
];
