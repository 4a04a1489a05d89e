import fc from "fast-check";
import type { Json, JsonObject } from "../../src/core/policy.ts";
import { configA, configB } from "./build.ts";
import type { Stored, Variant } from "./model-server.ts";

const names = [
  "team",
  "team.lead",
  "team.lead.x",
  "env",
  "a/b~c",
  "",
  "constructor",
  "__proto__",
  "toString",
];
const scalar = fc.oneof(
  fc.constantFrom<Json>("search", "", "5", "true", "Ünï"),
  fc.integer({ min: 0, max: 9 }),
  fc.boolean(),
);

function metadataOf(value: fc.Arbitrary<Json>): fc.Arbitrary<JsonObject> {
  return fc
    .uniqueArray(fc.tuple(fc.constantFrom(...names), value), { maxLength: 4, selector: ([name]) => name })
    .map((entries) => Object.fromEntries<Json>(entries));
}

const limits = fc
  .uniqueArray(
    fc.record({
      type: fc.constantFrom("requests", "tokens"),
      unit: fc.constantFrom("rpm", "rpd", "rpw"),
      value: fc.constantFrom(0, 1, 600),
    }),
    { minLength: 1, maxLength: 3, selector: ({ type, unit }) => `${type} ${unit}` },
  )
  .map((list): readonly JsonObject[] => list);
const scopes = fc.uniqueArray(
  fc.constantFrom("completions.write", "logs.view", "logs.list", "prompts.render"),
  {
    minLength: 1,
  },
);
const emails = fc.uniqueArray(fc.constantFrom("a@example.com", "B@Example.com", "c@example.com"), {
  minLength: 1,
});
const amount = fc.constantFrom(0, 0.1, 0.5, 10, 33.333333, 99.99, 1000);
const transition = fc.constantFrom(1_800_000, 3_600_000);

function either(...choices: readonly JsonObject[]): fc.Arbitrary<JsonObject> {
  return fc.constantFrom(...choices);
}

/** What a policy or a profile may say of a budget: sound by itself, though not always together with others. */
const budget = fc
  .tuple(
    fc.record(
      {
        credit_limit: amount,
        type: fc.constantFrom("cost", "tokens"),
        alert_threshold: fc.constantFrom(null, 0, 0.1),
      },
      { requiredKeys: ["credit_limit"] },
    ),
    either(
      {},
      { periodic_reset: "weekly" },
      { periodic_reset: "monthly", periodic_reset_days: null },
      { periodic_reset_days: 30 },
      { periodic_reset: null },
      { periodic_reset: null, periodic_reset_days: null },
    ),
  )
  .map(([limit, reset]) => ({ ...limit, ...reset }));

const rotation = fc
  .tuple(
    either(
      { rotation_period: "weekly" },
      { rotation_period: "monthly", next_rotation_at: null },
      { rotation_period_days: 10 },
      { rotation_period: null, rotation_period_days: 20 },
      { next_rotation_at: "2026-09-20T06:30:00+02:00" },
      { next_rotation_at: "2027-03-01T00:00:00Z" },
    ),
    fc.record({ key_transition_period_ms: transition }, { requiredKeys: [] }),
  )
  .map(([time, rest]): JsonObject => ({ ...time, ...rest }));

function orNone<T extends Json>(value: fc.Arbitrary<T>, ...others: readonly Json[]): fc.Arbitrary<Json> {
  return fc.oneof(
    { weight: 3, arbitrary: value },
    { weight: 1, arbitrary: fc.constantFrom(null, ...others) },
  );
}

/** What a `key` block may say. */
export const keyBlock: fc.Arbitrary<JsonObject> = fc.record(
  {
    name: fc.constantFrom("search", " batch ", "Ünï"),
    description: fc.constantFrom(null, "", "text", " padded "),
    rate_limits: orNone(limits, []),
    usage_limits: orNone(budget, {}),
    scopes: scopes.map((list) => [...list, ...list.slice(0, 1)]),
    defaults: fc.record(
      {
        metadata: orNone(metadataOf(fc.oneof(scalar, fc.constant(null)))),
        config_id: fc.constantFrom(null, configA, configB.toUpperCase()),
        allow_config_override: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    alert_emails: orNone(emails, []),
    expires_at: fc.constantFrom(
      null,
      "2027-06-30T23:59:59Z",
      "2027-06-30T23:59:59.999+02:00",
      "2026-01-01T00:00:00Z",
    ),
    rotation_policy: orNone(rotation, {}),
  },
  { requiredKeys: [] },
);

/** What the server may have stored: the same fields, whoever set them. */
export const storedKey: fc.Arbitrary<Stored> = fc.record({
  name: fc.constantFrom("search", "other"),
  description: fc.constantFrom(null, "text", "other"),
  rate_limits: fc.oneof(fc.constant([]), limits),
  usage_limits: fc.option(
    fc
      .tuple(
        fc.record({
          type: fc.constantFrom("cost", "tokens"),
          credit_limit: amount,
          alert_threshold: fc.constantFrom(null, 0, 0.1, 5),
        }),
        either(
          { periodic_reset: null, periodic_reset_days: null },
          { periodic_reset: "weekly", periodic_reset_days: null },
          { periodic_reset: null, periodic_reset_days: 30 },
        ),
      )
      .map(([limit, reset]) => ({ ...limit, ...reset })),
  ),
  scopes,
  metadata: fc
    .option(metadataOf(fc.oneof(scalar, fc.constant([1, { a: null }]))))
    .map((metadata) => (metadata === null || Object.keys(metadata).length === 0 ? null : metadata)),
  config_id: fc.constantFrom(null, configA, configB),
  allow_config_override: fc.constantFrom(null, true, false),
  alert_emails: fc.oneof(fc.constant([]), emails),
  expires_at: fc.constantFrom(null, "2027-06-30T23:59:59Z", "2026-02-01T00:00:00Z"),
  rotation_policy: fc.option(
    fc
      .tuple(
        either(
          {
            rotation_period: "weekly",
            rotation_period_days: null,
            next_rotation_at: "2026-09-07T00:00:00.000Z",
          },
          { rotation_period: null, rotation_period_days: 10, next_rotation_at: "2026-09-08T00:00:00.000Z" },
          { rotation_period: null, rotation_period_days: null, next_rotation_at: "2026-09-20T00:00:00.000Z" },
        ),
        transition,
      )
      .map(([time, ms]): JsonObject => ({ ...time, key_transition_period_ms: ms })),
  ),
});

export const variant: fc.Arbitrary<Variant> = fc.record({
  defaults: fc.constantFrom("replace", "merge"),
  metadata: fc.constant("replace"),
  groups: fc.constantFrom("replace", "merge"),
});
