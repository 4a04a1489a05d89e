import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { importFields } from "../../src/core/import-fields.ts";
import { importPolicy, type ImportRequest } from "../../src/policy-dir/import-policy.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import { createScrubber } from "../../src/log/scrub.ts";
import { configA, live, now } from "../core/build.ts";

function imported(own: JsonObject, request: Partial<ImportRequest> = {}) {
  return importPolicy({
    live: live(own),
    name: "search-chatbot",
    schema: "../../schema/policy.schema.json",
    empty: "leave",
    clean: (text) => text,
    now,
    ...request,
  });
}

const everything: JsonObject = {
  name: "Search chatbot",
  description: "Answers: questions #1",
  status: "expired",
  rate_limits: [
    { type: "tokens", unit: "rpd", value: 5000 },
    { type: "requests", unit: "rpm", value: 600 },
  ],
  usage_limits: {
    type: "cost",
    credit_limit: 99.5,
    alert_threshold: 80,
    periodic_reset: "monthly",
    current_usage: 3,
  },
  scopes: ["logs.view", "completions.write"],
  defaults: { metadata: { team: "search", env: "on" }, config_id: configA.toUpperCase() },
  allow_config_override: 0,
  alert_emails: ["ops@Example.com"],
  expires_at: "2026-06-30T23:59:59.000Z",
  rotation_policy: {
    rotation_period: "monthly",
    next_rotation_at: "2026-10-01T00:00:00.000Z",
    key_transition_period_ms: 3_600_000,
    status: "ACTIVE",
  },
};

describe("the policy made for a live key", () => {
  test("points to no schema where there is none", () => {
    expect(imported(everything, { schema: null }).text).toMatch(/^apiVersion: keysteward\/v1\n/);
  });

  test("says all that is set, in the order of the schema, and names the key as the dashboard does", () => {
    const { text, leftOut } = imported(everything);
    expect(leftOut).toEqual([]);
    expect(text).toBe(`\
# yaml-language-server: $schema=../../schema/policy.schema.json
apiVersion: keysteward/v1
kind: KeyPolicy
metadata:
  name: search-chatbot
spec:
  # "Search chatbot", workspace-service, workspace 00000000-0000-4000-8000-000000000002; status: expired
  keyId: 00000001-58cc-4372-a567-0e02b2c3d479
  key:
    name: Search chatbot
    description: "Answers: questions #1"
    rate_limits:
      - { type: requests, unit: rpm, value: 600 }
      - { type: tokens, unit: rpd, value: 5000 }
    usage_limits:
      type: cost
      credit_limit: 99.5
      alert_threshold: 80
      periodic_reset: monthly
    scopes:
      - completions.write
      - logs.view
    defaults:
      metadata:
        env: "on"
        team: search
      config_id: ${configA}
      allow_config_override: false
    alert_emails:
      - ops@example.com
    expires_at: "2026-06-30T23:59:59Z"
    # the date of the next rotation is computed by Portkey
    rotation_policy:
      rotation_period: monthly
      key_transition_period_ms: 3600000
`);
  });

  test("leaves out what is empty, or says it with null where that is asked for", () => {
    expect(imported({}).text).toContain("  key:\n    name: key\n    scopes:\n      - completions.write\n");
    expect(imported({}, { empty: "null" }).text).toContain(`\
  key:
    name: key
    description: null
    rate_limits: null
    usage_limits: null
    scopes:
      - completions.write
    defaults:
      metadata: null
      config_id: null
    alert_emails: null
    expires_at: null
    rotation_policy: null
`);
  });

  test("stands in the order of the schema", () => {
    const file = new URL("../../schema/policy.schema.json", import.meta.url);
    const schema = JSON.parse(readFileSync(file, "utf8")) as {
      $defs: Record<string, { properties: object }>;
    };
    const said = importFields(live(everything), { empty: "null" }).statements.map(({ path }) => path);
    const tops = [...new Set(said.map((path) => path.split(".")[0]))];
    expect(tops).toEqual(Object.keys(schema.$defs["Key"]!.properties));
    for (const [group, name] of [
      ["usage_limits", "UsageLimits"],
      ["rotation_policy", "RotationPolicy"],
    ] as const) {
      const parts = said.filter((path) => path.startsWith(group)).map((path) => path.slice(group.length + 1));
      const order = Object.keys(schema.$defs[name]!.properties);
      expect(parts).toEqual(order.filter((part) => parts.includes(part)));
    }
  });
});

describe("what a policy cannot say is left out, with the reason beside it", () => {
  test.each<[string, JsonObject, readonly string[], RegExp]>([
    [
      "a threshold above the limit",
      { usage_limits: { credit_limit: 5, alert_threshold: 9 } },
      ["usage_limits.alert_threshold"],
      /alert-above-limit/,
    ],
    [
      "a limit that is negative, and all that would stand without it",
      { usage_limits: { credit_limit: -1, periodic_reset: "monthly" } },
      ["usage_limits.credit_limit", "usage_limits.type", "usage_limits.periodic_reset"],
      /at least 0/,
    ],
    [
      "fractional rate limits",
      { rate_limits: [{ type: "requests", unit: "rpm", value: 0.5 }] },
      ["rate_limits"],
      /whole number/,
    ],
    [
      "a rate limit of an unknown unit",
      { rate_limits: [{ type: "requests", unit: "rpy", value: 5 }] },
      ["rate_limits"],
      /"rpy"/,
    ],
    [
      "both ways to reset usage",
      { usage_limits: { credit_limit: 5, periodic_reset: "monthly", periodic_reset_days: 3 } },
      ["usage_limits.periodic_reset_days", "usage_limits.periodic_reset"],
      /reset-period-twice/,
    ],
    [
      "metadata that is no text",
      { defaults: { metadata: { n: 5, list: [1], ok: "x", ["__proto__"]: "x" } } },
      ["defaults.metadata.__proto__", "defaults.metadata.list", "defaults.metadata.n"],
      /of this name/,
    ],
    ["an address that is none", { alert_emails: ["nobody"] }, ["alert_emails"], /"nobody"/],
    ["a name that is too long", { name: "x".repeat(101) }, ["name"], /101 characters/],
    [
      "a transition that never ends",
      { rotation_policy: { rotation_period_days: 1, key_transition_period_ms: 86_400_000 } },
      ["rotation_policy.key_transition_period_ms"],
      /transition-too-long/,
    ],
    ["a date that no calendar has", { expires_at: "+012345-01-01T00:00:00.000Z" }, ["expires_at"], /instant/],
  ])("%s", (_what, own, paths, reason) => {
    const { text, leftOut } = imported(own);
    expect(leftOut.map(({ path }) => path)).toEqual(paths);
    expect(leftOut[0]?.reason).toMatch(reason);
    expect(text).toContain(`  # left as they are on the key, and not managed:\n  # ${paths[0]!}`);
  });

  test("a rotation policy that could not be read", () => {
    const { leftOut } = imported({}, { live: live({}, "list"), unreadable: "it says 403" });
    expect(leftOut).toEqual([{ path: "rotation_policy", value: null, reason: "it says 403" }]);
  });

  test("a value that holds the admin key; it is in no comment either", () => {
    const secret = 'pk-"secret"-123456';
    const own = {
      name: `mine ${secret}`,
      description: secret,
      defaults: { metadata: { [secret]: "x", list: [secret] } },
      type: secret,
    };
    const { text, leftOut } = imported(own, { clean: createScrubber([secret]) });
    expect(leftOut.map(({ path }) => path)).toContain("description");
    expect(text).not.toContain("123456");
    expect(text).toContain("scopes:");
  });
});

describe("nothing that is on a key can break out of its place", () => {
  test("in a comment: lines stay lines, and nothing turns the writing direction", () => {
    const { text } = imported({
      name: "a\n  evil: true\u202e\u2028",
      type: "b\nc: d",
      workspace_id: "e\u0085f: g",
    });
    const comment = text.split("\n").filter((line) => line.includes("evil"));
    expect(comment).toHaveLength(2);
    for (const line of comment) expect(line).toMatch(/^ {2}# |^ {4}name: "/);
    expect(text).not.toMatch(/[\u0085\u2028\u202e]/);
  });

  test("in a value: what nobody sees is written out", () => {
    const { text } = imported({ description: "a\u202eb\ufeff\u00a0\ud800c" });
    expect(text).toContain('description: "a\\u202eb\\ufeff\\u00a0\\ud800c"');
  });
});
