import { describe, expect, test } from "vitest";
import type { UpdateBody } from "../../src/core/key.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import { updateBody } from "../../src/core/body.ts";
import { configA, configB, desiredFields, live } from "./build.ts";
import { body } from "./body-of.ts";

const budget = { type: "tokens", credit_limit: 500, alert_threshold: 400, periodic_reset: "monthly" };
const limit = { type: "requests", unit: "rpm", value: 600 };

describe("a body carries only top-level fields in which something differs", () => {
  const key = {
    name: "n",
    description: "d",
    scopes: ["b", "a"],
    usage_limits: { credit_limit: 5 },
    defaults: { config_id: configA },
    rate_limits: [limit],
  };

  test.each([
    [["name"], ["name"]],
    [
      ["description", "scopes"],
      ["description", "scopes"],
    ],
    [["usage_limits.credit_limit"], ["usage_limits"]],
    [
      ["defaults.config_id", "rate_limits"],
      ["defaults", "rate_limits"],
    ],
  ])("%j gives %j", (changed, tops) => {
    expect(Object.keys(body({ key, changed }) ?? {}).sort()).toEqual(tops);
  });

  test("values go out in canonical form", () => {
    expect(
      body({ key: { name: " n ", scopes: ["b", "a", "b"], expires_at: "2027-01-01T01:00:00.5+01:00" } }),
    ).toEqual({
      name: "n",
      scopes: ["a", "b"],
      expires_at: "2027-01-01T00:00:00Z",
    });
  });
});

describe("how a field is emptied", () => {
  test.each([
    ["description", ""],
    ["rate_limits", null],
    ["alert_emails", null],
    ["expires_at", null],
    ["usage_limits", null],
    ["rotation_policy", null],
  ])("%s by %j, also without a look at the key", (name, emptied) => {
    expect(body({ key: { [name]: null } })).toEqual({ [name]: emptied });
    expect(body({ key: { [name]: null }, live: null })).toEqual({ [name]: emptied });
  });

  test("an empty list of limits or emails by null as well", () => {
    expect(body({ key: { rate_limits: [], alert_emails: [] } })).toEqual({
      rate_limits: null,
      alert_emails: null,
    });
  });

  test("metadata by an empty object, a config by null, inside all of `defaults`", () => {
    const found = live({
      defaults: { metadata: { team: "search" }, config_id: configA },
      allow_config_override: 0,
    });
    expect(body({ key: { defaults: { metadata: null } }, live: found })).toEqual({
      defaults: { metadata: {}, config_id: configA, allow_config_override: false },
    });
    expect(body({ key: { defaults: { config_id: null } }, live: found })).toEqual({
      defaults: { metadata: { team: "search" }, config_id: null, allow_config_override: false },
    });
  });

  test("a budget whose limit is emptied is emptied whole", () => {
    expect(
      body({ key: { usage_limits: { credit_limit: null } }, live: live({ usage_limits: budget }) }),
    ).toEqual({
      usage_limits: null,
    });
  });
});

describe("`defaults` goes out with all of its parts, but for those that are empty and stay so", () => {
  test("the parts that nobody manages are sent as they are live", () => {
    const found = live({
      defaults: { metadata: { team: "search", tier: 2, nested: [1] }, config_id: configB },
      allow_config_override: 1,
    });
    expect(body({ key: { defaults: { allow_config_override: false } }, live: found })).toEqual({
      defaults: {
        metadata: { team: "search", tier: 2, nested: [1] },
        config_id: configB,
        allow_config_override: false,
      },
    });
  });

  test("metadata names are set, replaced, taken out and kept one by one", () => {
    const found = live({ defaults: { metadata: { a: "1", b: "2", c: 3 }, config_id: null } });
    const key = { defaults: { metadata: { a: "9", b: null, "d.e": "4" } } };
    expect(body({ key, live: found })).toEqual({
      defaults: { metadata: { a: "9", c: 3, "d.e": "4" } },
    });
  });

  test("a switch that reads as unset is left out, as it may be a false that reads so", () => {
    const found = live({ allow_config_override: null });
    expect(body({ key: { defaults: { config_id: configA } }, live: found })).toEqual({
      defaults: { config_id: configA },
    });
  });

  test("one that is to be as it was before it was set is sent as true, which is the effect of unset", () => {
    const desired = desiredFields({ defaults: { allow_config_override: true } });
    const [path, field] = [...desired][0]!;
    const restored = new Map([[path, { ...field, value: null }]]);
    const found = live({ allow_config_override: 0 });
    expect(updateBody({ desired: restored, changed: [path], live: found, complete: true })).toEqual({
      defaults: { allow_config_override: true },
    });
  });

  test("what nobody says and is empty is left out also where the policy asks for it to be empty", () => {
    const found = live({ defaults: { metadata: null, config_id: null } });
    const key = { defaults: { metadata: null, config_id: null, allow_config_override: false } };
    expect(body({ key, changed: ["defaults.allow_config_override"], live: found })).toEqual({
      defaults: { allow_config_override: false },
    });
  });

  test("a switch that even a GET does not show is left alone", () => {
    const found = live();
    const fields = new Map([...found.fields].filter(([path]) => path !== "defaults.allow_config_override"));
    const key = { defaults: { config_id: configA } };
    expect(body({ key, live: { ...found, fields } })).toEqual({ defaults: { config_id: configA } });
    expect(body({ key, live: { ...found, fields }, complete: false })).toBeUndefined();
  });

  test("names that every object inherits can be metadata", () => {
    const metadata = JSON.parse('{"__proto__":"1","constructor":null}') as JsonObject;
    const sent = body({ key: { defaults: { metadata } } });
    expect(JSON.stringify(sent)).toBe('{"defaults":{"metadata":{"__proto__":"1"}}}');
  });
});

describe("without a look at the key", () => {
  test("fields that stand alone can go, groups with parts that nobody speaks of cannot", () => {
    const blind = (key: JsonObject): UpdateBody | undefined => body({ key, live: null });
    expect(blind({ name: "n", scopes: ["a"], rate_limits: [limit] })).toEqual({
      name: "n",
      scopes: ["a"],
      rate_limits: [limit],
    });
    expect(blind({ defaults: { config_id: configA } })).toBeUndefined();
    expect(
      blind({ defaults: { metadata: { a: "1" }, config_id: configA, allow_config_override: false } }),
    ).toBeUndefined();
    expect(blind({ name: "n", usage_limits: { credit_limit: 5 } })).toBeUndefined();
  });

  test("`defaults` can go where the policy says all three parts, metadata as a whole", () => {
    const key = { defaults: { metadata: null, config_id: configA, allow_config_override: false } };
    expect(body({ key, live: null })).toEqual({
      defaults: { metadata: {}, config_id: configA, allow_config_override: false },
    });
  });
});
