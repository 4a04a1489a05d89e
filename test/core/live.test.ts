import { describe, expect, test } from "vitest";
import { sameField } from "../../src/core/fields.ts";
import { liveValue, readLiveKey } from "../../src/core/live.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import { asGet, configA, desiredFields, keyId, now, rawKey } from "./build.ts";
import { budgetRows, rotationRows } from "./live-group-rows.ts";
import { metadata, rows } from "./live-rows.ts";
import { neverLookedAt } from "./never-looked-at.ts";

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

const limit = { type: "requests", unit: "rpm", value: 600 };
const team = { metadata: { team: "search" }, config_id: configA };

/** A key of which every field is set, as a list that leaves nothing out shows it, and a policy that wants it so. */
const wholeKey = rawKey({
  description: "set",
  rate_limits: [limit],
  usage_limits: { type: "cost", credit_limit: 5, periodic_reset: "weekly" },
  defaults: team,
  allow_config_override: 0,
  alert_emails: ["a@example.com"],
  expires_at: "2027-06-30T23:59:59.000Z",
  rotation_policy: { rotation_period: "weekly", status: "ACTIVE" },
});
const everything: JsonObject = {
  name: "key",
  description: "set",
  rate_limits: [limit],
  usage_limits: { type: "cost", credit_limit: 5, alert_threshold: null, periodic_reset: "weekly" },
  scopes: ["completions.write"],
  defaults: { ...team, allow_config_override: false },
  alert_emails: ["a@example.com"],
  expires_at: "2027-06-30T23:59:59Z",
  rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 1_800_000 },
};

describe("what can come back is never a difference, and what differs is", () => {
  test.each([...rows, ...budgetRows])("$rule", ({ key, same, differs }) => {
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

  test.each(neverLookedAt)("$rule", ({ shown }) => {
    const begun = { name: "key", ...shown[0]! };
    for (const own of shown) {
      expect(differences(everything, { ...wholeKey, ...begun, ...own }, "list")).toEqual([]);
      expect(differences(everything, asGet({ ...wholeKey, ...begun, ...own }), "get")).toEqual([]);
    }
    expect(differences(everything, { ...wholeKey, ...shown.at(-1)!, name: "other" }, "list")).toEqual([
      "name",
    ]);
  });

  test("every normalisation has a case", () => {
    const rules = [...rows, ...budgetRows, ...rotationRows, ...neverLookedAt].map(({ rule }) => rule);
    const numbers = rules.map((rule) => Number(/^normalisation (\d+), /.exec(rule)?.[1] ?? NaN));
    // The last one, list and GET, is the rest of this file.
    const missing = Array.from({ length: 28 }, (_, index) => index + 1).filter((n) => !numbers.includes(n));
    expect(missing).toEqual([]);
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

describe("normalisation 29, list and GET: what an answer does not carry is unknown, not empty", () => {
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

  test("the config switch inside defaults counts only where there is none at the top", () => {
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
