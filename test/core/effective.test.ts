import { describe, expect, test } from "vitest";
import { effectiveFields, type DesiredFields } from "../../src/core/effective.ts";
import type { Json, JsonObject } from "../../src/core/policy.ts";
import { at, block, desiredFields } from "./build.ts";

function values(fields: DesiredFields): Record<string, Json> {
  return Object.fromEntries([...fields].map(([path, { value }]) => [path, value]));
}

function layered(...keys: readonly JsonObject[]): Record<string, Json> {
  return values(effectiveFields(keys.map((key, index) => ({ source: `layer-${index}`, block: block(key) }))));
}

describe("objects merge, arrays and scalars replace, null survives", () => {
  test("parts of a group come from several layers, the later one wins a part", () => {
    expect(
      layered(
        { usage_limits: { type: "cost", credit_limit: 200, alert_threshold: 100 } },
        { usage_limits: { credit_limit: 500 } },
      ),
    ).toEqual({
      "usage_limits.type": "cost",
      "usage_limits.credit_limit": 500,
      "usage_limits.alert_threshold": 100,
    });
  });

  test("metadata merges name by name", () => {
    expect(
      layered(
        { defaults: { metadata: { team: "a", env: "prod" } } },
        { defaults: { metadata: { team: "b", cost: null } } },
      ),
    ).toEqual({
      "defaults.metadata.team": "b",
      "defaults.metadata.env": "prod",
      "defaults.metadata.cost": null,
    });
  });

  test("an array replaces a whole array", () => {
    const limit = { type: "requests", unit: "rpm", value: 1 };
    expect(layered({ scopes: ["a", "b"], rate_limits: [limit] }, { scopes: ["c"], rate_limits: [] })).toEqual(
      {
        scopes: ["c"],
        rate_limits: null,
      },
    );
  });

  test("null replaces a value and survives to the end", () => {
    expect(layered({ expires_at: "2027-01-01T00:00:00Z" }, { expires_at: null }, { name: "x" })).toEqual({
      expires_at: null,
      name: "x",
    });
  });

  test("null on a group replaces all that was said of its parts", () => {
    expect(
      layered({ usage_limits: { credit_limit: 5, alert_threshold: 4 } }, { usage_limits: null }),
    ).toEqual({
      usage_limits: null,
    });
    expect(layered({ defaults: { metadata: { a: "1", b: "2" } } }, { defaults: { metadata: null } })).toEqual(
      {
        "defaults.metadata": null,
      },
    );
  });

  test("a part replaces null on its group", () => {
    expect(layered({ usage_limits: null }, { usage_limits: { credit_limit: 5 } })).toEqual({
      "usage_limits.credit_limit": 5,
    });
    expect(layered({ rotation_policy: null }, { rotation_policy: { rotation_period_days: 7 } })).toEqual({
      "rotation_policy.rotation_period_days": 7,
      "rotation_policy.rotation_period": null,
    });
  });

  test("an empty group says nothing, and takes nothing away", () => {
    const empty = { usage_limits: {}, defaults: { metadata: {} }, rotation_policy: {} };
    expect(layered(empty)).toEqual({});
    expect(layered({ usage_limits: null }, empty)).toEqual({ usage_limits: null });
  });

  test("a field that nobody names is not there at all", () => {
    expect([...desiredFields({ name: "x" }).keys()]).toEqual(["name"]);
  });

  test("metadata names with dots, slashes and inherited names are names like any other", () => {
    const metadata = JSON.parse(
      '{"a":"1","a.b":"2","a/b~c":"3","__proto__":"4","constructor":"5","":"6"}',
    ) as JsonObject;
    expect(values(desiredFields({ defaults: { metadata } }))).toEqual({
      "defaults.metadata.a": "1",
      "defaults.metadata.a.b": "2",
      "defaults.metadata.a/b~c": "3",
      "defaults.metadata.__proto__": "4",
      "defaults.metadata.constructor": "5",
      "defaults.metadata.": "6",
    });
  });
});

describe("every field knows who says it, where, and how it is written", () => {
  const base = block({ usage_limits: { credit_limit: 1, type: "COST" }, name: "base" }, at(3, "base.yaml"));
  const own = block({ usage_limits: { credit_limit: "2" } }, at(30, "own.yaml"));
  const fields = effectiveFields([
    { source: "base", block: base },
    { source: "own", block: own },
  ]);

  test("the last layer that says it is its source", () => {
    expect(fields.get("usage_limits.credit_limit")).toEqual({
      value: 2,
      written: "2",
      source: "own",
      place: at(32, "own.yaml"),
    });
    expect(fields.get("usage_limits.type")).toEqual({
      value: "cost",
      written: "COST",
      source: "base",
      place: at(6, "base.yaml"),
    });
    expect(fields.get("name")?.place).toEqual(at(7, "base.yaml"));
  });

  test("a property without a place of its own stands at its nearest ancestor", () => {
    const whole = block({ defaults: { metadata: { "a/b": "1" } } });
    const places = new Map([...whole.places].filter(([pointer]) => !pointer.includes("~1")));
    const [field] = effectiveFields([{ source: "own", block: { ...whole, places } }]).values();
    expect(field?.place).toEqual(places.get("/defaults/metadata"));
    const [exact] = effectiveFields([{ source: "own", block: whole }]).values();
    expect(exact?.place).toEqual(whole.places.get("/defaults/metadata/a~1b"));
    expect(exact?.place).not.toEqual(field?.place);
  });
});

describe("to ask for one of two parts that exclude each other is to ask for the other to be empty", () => {
  test.each([
    ["usage_limits", { periodic_reset: "weekly" }, { periodic_reset_days: null }],
    ["usage_limits", { periodic_reset_days: 3 }, { periodic_reset: null }],
    ["rotation_policy", { rotation_period: "weekly" }, { rotation_period_days: null }],
    ["rotation_policy", { rotation_period_days: 3 }, { rotation_period: null }],
    [
      "rotation_policy",
      { next_rotation_at: "2027-01-01T00:00:00Z" },
      { rotation_period: null, rotation_period_days: null },
    ],
  ])("%s: %j empties %j", (group, said, emptied) => {
    const all = Object.entries({ ...said, ...emptied });
    expect(values(desiredFields({ [group]: said }))).toEqual(
      Object.fromEntries(all.map(([name, value]) => [`${group}.${name}`, value])),
    );
  });

  test("the emptied part stands where its cause stands", () => {
    const fields = desiredFields({ usage_limits: { credit_limit: 1, periodic_reset: "weekly" } });
    const cause = fields.get("usage_limits.periodic_reset");
    expect(fields.get("usage_limits.periodic_reset_days")).toMatchObject({
      value: null,
      place: cause?.place,
      source: cause?.source,
    });
  });

  test("null asks for nothing more", () => {
    expect(values(desiredFields({ usage_limits: { periodic_reset: null } }))).toEqual({
      "usage_limits.periodic_reset": null,
    });
  });

  test("what another layer says aloud is not overruled", () => {
    expect(
      layered({ usage_limits: { periodic_reset: "weekly" } }, { usage_limits: { periodic_reset_days: 3 } }),
    ).toEqual({
      "usage_limits.periodic_reset": "weekly",
      "usage_limits.periodic_reset_days": 3,
    });
  });
});
