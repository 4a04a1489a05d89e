import fc from "fast-check";
import type { Json, JsonObject } from "../../src/core/policy.ts";
import type { Model } from "../../src/simulator/model.ts";
import type { StoredKey } from "../../src/simulator/stored-key.ts";

/* Keys as a control plane might hold them: what its documents describe, and what no document says it cannot be. */

const odd = fc.constantFrom(
  "",
  " ",
  "..",
  "con",
  "a/b\\c",
  "Ünï 😀",
  "on",
  "012",
  "2027-06-30T23:59:59Z",
  "null",
  "~",
  "<<",
  "__proto__",
  "constructor",
  "- a: &b *c",
  "#",
  "{",
  "a: b # c",
  "'\"`|",
  "line\nline\r\n\n  line",
  "\ttab",
  "\u0000\u0007\u001b[2J",
  "\u202egnp\ufeff\u2028",
  "\ud800",
  "x".repeat(101),
  "y".repeat(201),
);

const text = fc.oneof(odd, fc.string({ unit: "binary", maxLength: 20 }), fc.string({ maxLength: 12 }));
const word = (...words: readonly string[]): fc.Arbitrary<string> => fc.oneof(fc.constantFrom(...words), text);
const amount = fc.oneof(
  fc.constantFrom<Json>(0, 0.5, 1, 100, 99.99, -1, 1e300, 9007199254740993, "5", "", "much", null, true),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const days = fc.constantFrom<Json>(null, 0, 1, 30, 365, 366, 1.5, "30");
const instant = fc.constantFrom<string | null>(
  null,
  "2099-01-01T00:00:00.000Z",
  "2020-01-01T00:00:00.000Z",
  "2099-01-01T12:30:00.500+02:00",
  "+012345-01-01T00:00:00.000Z",
  "2099-01-01",
  "soon",
  "",
);

function parts(model: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<JsonObject> {
  return fc.record(model, { requiredKeys: [] }) as fc.Arbitrary<JsonObject>;
}

const rateLimit = parts({
  type: word("requests", "tokens", "Requests"),
  unit: word("rps", "rpm", "rph", "rpd", "rpw", "rpy"),
  value: amount,
  id: fc.constant(7),
});

const budget = parts({
  credit_limit: amount,
  type: word("cost", "tokens", "requests"),
  alert_threshold: amount,
  periodic_reset: fc.oneof(fc.constant(null), word("monthly", "weekly", "daily", "")),
  periodic_reset_days: days,
  current_usage: amount,
  is_expired_alerts_sent: fc.boolean(),
});

const metadata = fc.dictionary(text, fc.oneof(text, fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<Json>), {
  maxKeys: 5,
});

const rotation = parts({
  rotation_period: fc.oneof(fc.constant(null), word("weekly", "monthly", "yearly")),
  rotation_period_days: days,
  next_rotation_at: instant,
  key_transition_period_ms: fc.constantFrom<Json>(1, 1_800_000, 3_600_000, 86_400_000, 10 ** 10, 1.5e6),
});

const scopes = fc.array(word("completions.write", "logs.view", "workspaces.create", "a.new.scope"), {
  maxLength: 6,
});
const emails = fc.array(word("a@example.com", "B@Example.COM", "root@localhost", "nobody"), { maxLength: 3 });

/** What was stored of a key, however it got there. */
export const anyStoredKey: fc.Arbitrary<Partial<StoredKey>> = fc.record(
  {
    name: fc.oneof(text, fc.constantFrom("search", "batch")),
    description: fc.option(text),
    type: fc.constantFrom("organisation-service", "workspace-service", "workspace-user"),
    status: fc.constantFrom("active", "exhausted", "expired"),
    rate_limits: fc.array(rateLimit, { maxLength: 3 }),
    usage_limits: fc.option(budget),
    scopes,
    defaults: fc.record({
      metadata: fc.option(metadata),
      config_id: fc.option(word("1F0C0000-0000-4000-8000-00000000000a", "pc-slug")),
    }),
    allow_config_override: fc.constantFrom(null, 0, 1),
    alert_emails: fc.option(emails),
    expires_at: instant,
    rotation_policy: fc.option(rotation),
  },
  { requiredKeys: [] },
) as unknown as fc.Arbitrary<Partial<StoredKey>>;

/** In how many ways a control plane may show the same keys. */
export const anyModel: fc.Arbitrary<Partial<Model>> = fc.record({
  listHasRotationPolicy: fc.boolean(),
  falseOverrideReads: fc.constantFrom(0, null),
  noneReads: fc.constantFrom("null", "empty"),
  unsetPeriodReads: fc.constantFrom("as-sent", "empty-string"),
  firstPage: fc.constantFrom(0, 1),
});
