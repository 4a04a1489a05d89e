import { describe, expect, test } from "vitest";
import type { Json } from "../../src/core/policy.ts";
import { wishesFor } from "../../src/core/restore.ts";
import { at, live } from "./build.ts";

describe("the wishes for a key that is put back", () => {
  const wish = { policy: "team", place: at(3) };

  function wishes(values: Record<string, Json>, key = live()): Record<string, Json> {
    const fields = wishesFor(new Map(Object.entries(values)), key, wish);
    return Object.fromEntries([...fields].map(([path, { value }]) => [path, value]));
  }

  test("name each part of a group that was there, the empty ones too", () => {
    expect(wishes({ usage_limits: { type: "cost", credit_limit: 5 } })).toEqual({
      "usage_limits.type": "cost",
      "usage_limits.credit_limit": 5,
      "usage_limits.alert_threshold": null,
      "usage_limits.periodic_reset": null,
      "usage_limits.periodic_reset_days": null,
    });
  });

  test("empty the metadata that came since", () => {
    const now = live({ defaults: { metadata: { team: "b", extra: "x" }, config_id: null } });
    expect(wishes({ "defaults.metadata": { team: "a" } }, now)).toEqual({
      "defaults.metadata.team": "a",
      "defaults.metadata.extra": null,
    });
  });

  test("believe what was known of a part by itself before what its group says", () => {
    expect(wishes({ usage_limits: { credit_limit: 5 }, "usage_limits.credit_limit": 7 })).toMatchObject({
      "usage_limits.credit_limit": 7,
    });
    expect(wishes({ usage_limits: null, "usage_limits.credit_limit": 7 })).toEqual({
      "usage_limits.credit_limit": 7,
    });
    expect(wishes({ usage_limits: null })).toEqual({ usage_limits: null });
  });
});
