import { describe, expect, test } from "vitest";
import { liveValue, readLiveKey } from "../../src/core/live.ts";
import { sameField } from "../../src/core/fields.ts";
import type { Json, JsonObject } from "../../src/core/policy.ts";
import { asGet, configA, configB, desiredFields, keyId, now, rawKey } from "./build.ts";

/*
 * What a policy says, and what Portkey may answer when the key is as it says. Every row is judged in the shape of the
 * list and in the shape of a GET, in both directions: the answers are no difference, the counterexamples are.
 */
interface Row {
  readonly rule: string;
  readonly key: JsonObject;
  readonly same: readonly JsonObject[];
  readonly differs: readonly JsonObject[];
}

const budget = { type: "cost", credit_limit: 500, alert_threshold: 400, periodic_reset: "monthly" };
const perMinute = { type: "requests", unit: "rpm", value: 600 };
const perDay = { type: "tokens", unit: "rpd", value: 5000 };
const metadata = (value: Json): JsonObject => ({ defaults: { metadata: value, config_id: null } });
const config = (value: Json): JsonObject => ({ defaults: { metadata: null, config_id: value } });
const defaultsWithout = (absent: string): JsonObject => ({
  defaults: Object.fromEntries(
    Object.entries({ metadata: null, config_id: null }).filter(([name]) => name !== absent),
  ),
});

const rows: readonly Row[] = [
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
    rule: "no budget reads as null, an empty object, or one that holds only bookkeeping",
    key: { usage_limits: null },
    same: [
      { usage_limits: null },
      { usage_limits: {} },
      { usage_limits: { is_expired_alerts_sent: true } },
      { usage_limits: { credit_limit: null, type: "cost", current_usage: 3.2 } },
    ],
    differs: [{ usage_limits: { credit_limit: 0 } }, { usage_limits: budget }],
  },
  {
    rule: "a budget is compared without bookkeeping and recomputed dates, a missing type is cost, amounts may be noisy",
    key: { usage_limits: budget },
    same: [
      { usage_limits: budget },
      { usage_limits: { ...budget, periodic_reset: "MONTHLY", periodic_reset_days: null } },
      { usage_limits: { credit_limit: 500, alert_threshold: 400, periodic_reset: "monthly" } },
      { usage_limits: { ...budget, credit_limit: 500.00000001, alert_threshold: "400" } },
      {
        usage_limits: {
          ...budget,
          id: "x",
          current_usage: 499.5,
          status: "active",
          is_threshold_alerts_sent: true,
          is_exhausted_alerts_sent: false,
          last_reset_at: "2026-08-01T00:00:00.000Z",
          next_usage_reset_at: "2026-10-01T00:00:00.000Z",
          metadata: {},
        },
        next_usage_reset_at: "2026-10-01T00:00:00.000Z",
      },
    ],
    differs: [
      { usage_limits: { ...budget, credit_limit: 501 } },
      { usage_limits: { ...budget, credit_limit: 500.01 } },
      { usage_limits: { ...budget, alert_threshold: null } },
      { usage_limits: { ...budget, type: "tokens" } },
      { usage_limits: { ...budget, periodic_reset: "weekly" } },
      { usage_limits: { ...budget, periodic_reset: "" } },
      { usage_limits: { is_expired_alerts_sent: true } },
      { usage_limits: null },
    ],
  },
  {
    rule: "parts of a budget that nobody speaks of are no difference",
    key: { usage_limits: { credit_limit: 0.5 } },
    same: [
      { usage_limits: { credit_limit: 0.5 } },
      {
        usage_limits: { credit_limit: "0.5", type: "tokens", alert_threshold: 0.25, periodic_reset_days: 30 },
      },
    ],
    differs: [{ usage_limits: { credit_limit: 0.51 } }],
  },
  {
    rule: "no alert threshold and no reset read as null, empty or absent",
    key: { usage_limits: { credit_limit: 5, alert_threshold: null, periodic_reset: null } },
    same: [
      { usage_limits: { credit_limit: 5 } },
      { usage_limits: { credit_limit: 5, alert_threshold: null, periodic_reset: null } },
      { usage_limits: { credit_limit: 5, periodic_reset: "" } },
    ],
    differs: [
      { usage_limits: { credit_limit: 5, alert_threshold: 1 } },
      { usage_limits: { credit_limit: 5, periodic_reset: "weekly" } },
    ],
  },
  {
    rule: "a reset in days excludes one by name",
    key: { usage_limits: { credit_limit: 5, periodic_reset_days: 30 } },
    same: [{ usage_limits: { credit_limit: 5, periodic_reset_days: 30, periodic_reset: "" } }],
    differs: [
      { usage_limits: { credit_limit: 5, periodic_reset: "monthly" } },
      { usage_limits: { credit_limit: 5, periodic_reset: "monthly", periodic_reset_days: 30 } },
    ],
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

/** Only a GET shows these for certain. */
const rotationRows: readonly Row[] = [
  {
    rule: "no rotation policy reads as absent, null, or an object without a time",
    key: { rotation_policy: null },
    same: [{}, { rotation_policy: null }, { rotation_policy: {} }, { rotation_policy: { status: "ACTIVE" } }],
    differs: [{ rotation_policy: { rotation_period: "weekly" } }],
  },
  {
    rule: "a rotation period is compared without the date the server computes and the status it keeps",
    key: { rotation_policy: { rotation_period: "monthly" } },
    same: [
      { rotation_policy: { rotation_period: "monthly" } },
      {
        rotation_policy: {
          rotation_period: "MONTHLY",
          next_rotation_at: "2026-10-01T00:00:00.000Z",
          key_transition_period_ms: 1_800_000,
          status: "ACTIVE",
          rotation_period_days: null,
        },
      },
    ],
    differs: [
      {},
      { rotation_policy: { rotation_period: "weekly" } },
      { rotation_policy: { rotation_period: null, rotation_period_days: 30 } },
      { rotation_policy: { rotation_period: "monthly", rotation_period_days: 30 } },
    ],
  },
  {
    rule: "with a period, no date of one's own means that the server may compute one",
    key: { rotation_policy: { rotation_period: "weekly", next_rotation_at: null } },
    same: [{ rotation_policy: { rotation_period: "weekly", next_rotation_at: "2026-09-07T00:00:00.000Z" } }],
    differs: [{ rotation_policy: { rotation_period: "monthly", next_rotation_at: null } }],
  },
  {
    rule: "a transition of the default length may be left out of the answer",
    key: { rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 1_800_000 } },
    same: [
      { rotation_policy: { rotation_period: "weekly" } },
      { rotation_policy: { rotation_period: "weekly", key_transition_period_ms: "1800000" } },
    ],
    differs: [{ rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 3_600_000 } }],
  },
  {
    rule: "a rotation date still to come is compared by its day in UTC",
    key: { rotation_policy: { next_rotation_at: "2026-10-05T01:30:00+02:00" } },
    same: [
      { rotation_policy: { next_rotation_at: "2026-10-04T00:00:00.000Z" } },
      { rotation_policy: { next_rotation_at: "2026-10-04T23:30:00.000Z" } },
    ],
    differs: [{ rotation_policy: { next_rotation_at: "2026-10-05T00:00:00.000Z" } }, {}],
  },
  {
    rule: "a rotation date that is over is no difference, wherever the server has moved it",
    key: { rotation_policy: { next_rotation_at: "2026-08-01T00:00:00Z" } },
    same: [{ rotation_policy: { next_rotation_at: "2026-10-01T00:00:00.000Z" } }, { rotation_policy: null }],
    differs: [
      { rotation_policy: { next_rotation_at: "2026-10-01T00:00:00.000Z", rotation_period: "weekly" } },
    ],
  },
];

function differences(key: JsonObject, raw: JsonObject, source: "list" | "get"): string[] {
  const live = readLiveKey(raw, source);
  return [...desiredFields(key)]
    .filter(([path, { value }]) => {
      const found = liveValue(live, path);
      if (found === undefined) throw new Error(`${path} is unknown`);
      return !sameField(path, { desired: value, live: found, now });
    })
    .map(([path]) => path);
}

describe("what can come back is never a difference, and what differs is", () => {
  test.each(rows)("$rule", ({ key, same, differs }) => {
    for (const own of same) {
      expect(differences(key, rawKey(own), "list")).toEqual([]);
      expect(differences(key, asGet(rawKey(own)), "get")).toEqual([]);
    }
    for (const own of differs) {
      expect(differences(key, rawKey(own), "list")).not.toEqual([]);
      expect(differences(key, asGet(rawKey(own)), "get")).not.toEqual([]);
    }
  });

  test.each(rotationRows)("$rule", ({ key, same, differs }) => {
    for (const own of same) expect(differences(key, asGet(rawKey(own)), "get")).toEqual([]);
    for (const own of differs) expect(differences(key, asGet(rawKey(own)), "get")).not.toEqual([]);
  });

  test.each(["description", "rate_limits", "alert_emails", "usage_limits", "expires_at", "defaults"])(
    "an absent %s is an empty one",
    (name) => {
      const raw = Object.fromEntries(Object.entries(rawKey()).filter(([other]) => other !== name));
      const key = name === "defaults" ? { defaults: { metadata: null, config_id: null } } : { [name]: null };
      expect(differences(key, raw, "list")).toEqual([]);
      expect(differences(key, raw, "get")).toEqual([]);
    },
  );
});

describe("what an answer does not carry", () => {
  test("a list without rotation policies leaves them unknown, with all their parts", () => {
    const listed = readLiveKey(rawKey(), "list");
    expect(listed.fields.has("rotation_policy")).toBe(false);
    expect(liveValue(listed, "rotation_policy")).toBeUndefined();
    expect(liveValue(listed, "rotation_policy.rotation_period")).toBeUndefined();
    expect(liveValue(readLiveKey(rawKey({ rotation_policy: null }), "list"), "rotation_policy")).toBeNull();
    expect(liveValue(readLiveKey(rawKey(), "get"), "rotation_policy")).toBeNull();
  });

  test("a list that carries rotation policies is believed", () => {
    const listed = readLiveKey(rawKey({ rotation_policy: { rotation_period: "weekly" } }), "list");
    expect(liveValue(listed, "rotation_policy.rotation_period")).toBe("weekly");
  });

  test("the override switch inside defaults counts only where there is none at the top", () => {
    const path = "defaults.allow_config_override";
    const inner = { defaults: { metadata: null, config_id: null, allow_config_override: false } };
    const withoutTop = Object.fromEntries(
      Object.entries(rawKey(inner)).filter(([name]) => name !== "allow_config_override"),
    );
    expect(liveValue(readLiveKey(rawKey({ ...inner, allow_config_override: null }), "get"), path)).toBeNull();
    expect(liveValue(readLiveKey(rawKey({ ...inner, allow_config_override: 1 }), "get"), path)).toBe(true);
    expect(liveValue(readLiveKey(withoutTop, "get"), path)).toBe(false);
    expect(liveValue(readLiveKey({ ...withoutTop, defaults: {} }, "get"), path)).toBeUndefined();
  });

  test("a metadata name that every object inherits is as absent as any other", () => {
    const listed = readLiveKey(rawKey(metadata({ team: "search" })), "list");
    for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
      expect(liveValue(listed, `defaults.metadata.${name}`)).toBeNull();
    }
  });

  test("metadata names that hold dots are names, not paths", () => {
    const listed = readLiveKey(rawKey(metadata({ "a.b": "1", a: { b: "2" } })), "list");
    expect(liveValue(listed, "defaults.metadata.a.b")).toBe("1");
  });
});

describe("the identity of a key", () => {
  test("the id is lower case, the rest is text, the instant of the last update stays as it came", () => {
    const key = readLiveKey(
      rawKey({ id: keyId(0xabc).toUpperCase(), name: " n ", workspace_id: null }),
      "list",
    );
    expect(key).toMatchObject({
      id: keyId(0xabc),
      name: "n",
      type: "workspace-service",
      workspaceId: null,
      status: "active",
      lastUpdatedAt: "2026-01-01T00:00:00.000Z",
    });
  });

  const others = [null, "text", 5, [], {}, { id: "not-a-uuid" }, { id: 7 }];
  test.each(others.map((raw) => ({ raw })))("$raw is not a key", ({ raw }) => {
    expect(() => readLiveKey(raw, "list")).toThrow(TypeError);
  });
});
