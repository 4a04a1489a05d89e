import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/policy.ts";
import { comparePower, powerOf } from "../../src/core/power.ts";
import { knownScopes } from "../../src/core/scopes.ts";
import { keyId, live, liveKey } from "./build.ts";

const budget = { usage_limits: { type: "cost", credit_limit: 5 } };
const rate = { rate_limits: [{ type: "requests", unit: "rpm", value: 5 }] };
const end = { expires_at: "2027-01-01T00:00:00Z" };
const scopes = (...list: string[]): JsonObject => ({ scopes: list });

/** From the most powerful to the least; each differs from the next in the row that its number names. */
const ladder: readonly (readonly [why: string, own: JsonObject])[] = [
  ["2 a type that nobody knows", { type: "root-service" }],
  ["2 an organisation's key", { type: "organisation-service", ...scopes("logs.view") }],
  ["3 manages keys", scopes("workspace_user_api_keys.create")],
  ["3 manages users", scopes("workspace_users.update")],
  ["3 manages workspaces", scopes("workspaces.delete")],
  ["3 manages settings", scopes("organisation_settings.update")],
  ["3 changes something else", scopes("configs.update")],
  ["3 uses", scopes("completions.write")],
  ["4 has no budget", { ...scopes("logs.view"), ...rate, ...end }],
  ["5 has no rate limit", { ...scopes("logs.view"), ...budget, ...end }],
  ["6 never expires", { ...scopes("logs.view"), ...budget, ...rate }],
  ["7 has more scopes", { ...scopes("logs.view", "logs.list"), ...budget, ...rate, ...end }],
  ["7 has fewer scopes", { ...scopes("logs.view"), ...budget, ...rate, ...end }],
  ["2 a person's key", { type: "workspace-user", ...scopes("workspaces.delete") }],
  ["1 is expired", { type: "organisation-service", status: "expired" }],
];

describe("the order of power", () => {
  test("is the one that is written down", () => {
    // Ids run against it: they decide last.
    const keys = ladder.map(([, own], index) => powerOf(liveKey(100 - index, own)));
    const sorted = keys.toReversed().sort(comparePower);
    expect(sorted.map(({ id }) => ladder[keys.findIndex((key) => key.id === id)]![0])).toEqual(
      ladder.map(([why]) => why),
    );
  });

  test("ends with the id", () => {
    const [first, second] = [2, 1].map((n) => powerOf(liveKey(n))).sort(comparePower);
    expect([first?.id, second?.id]).toEqual([keyId(1), keyId(2)]);
  });
});

describe("why a key is powerful", () => {
  test("is said in a few words", () => {
    const own = scopes(
      "workspace_user_api_keys.create",
      "workspace_service_api_keys.rotate",
      "workspace_service_api_keys.create",
      "workspace_users.list",
      "configs.create",
      "prompts.publish",
      "guardrails.delete",
      "providers.update",
    );
    expect(powerOf(live(own)).reasons).toEqual([
      "can create and rotate keys",
      "can change configs, guardrails and 2 more",
      "no budget",
      "no rate limit",
      "never expires",
    ]);
    expect(powerOf(live({ ...scopes("logs.view"), ...budget, ...rate, ...end })).reasons).toEqual([]);
    expect(powerOf(live({ status: "expired", type: "x", ...budget, ...rate, ...end })).reasons).toEqual([
      "expired",
      "a type that is not known here",
    ]);
  });

  test("a scope that cannot be told counts as one that changes something", () => {
    expect(powerOf(live(scopes("new_things.frobnicate"))).reasons[0]).toBe("can change new_things");
    expect(powerOf(live(scopes("odd"))).reasons[0]).toBe("can change odd");
  });

  test("every documented scope that only reads or uses says nothing", () => {
    for (const scope of knownScopes.keys()) {
      const quiet = /\.(list|read|view|export|write|invoke|render)$/.test(scope);
      const [reason] = powerOf(live({ ...scopes(scope), ...budget, ...rate, ...end })).reasons;
      expect(reason === undefined, scope).toBe(quiet);
    }
  });
});
