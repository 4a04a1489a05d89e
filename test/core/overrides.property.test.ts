import fc from "fast-check";
import { expect, test } from "vitest";
import { isObject } from "../../src/core/canonical.ts";
import { stretchesOf } from "../../src/core/course.ts";
import { effectiveFields, type DesiredFields } from "../../src/core/effective.ts";
import { nextMoment } from "../../src/core/next-moment.ts";
import type { Json, JsonObject, KeyPolicy } from "../../src/core/policy.ts";
import { endsWithin } from "../../src/core/reminders.ts";
import { createResolver, nothingLive } from "../../src/core/resolve.ts";
import { holds, timeFor } from "../property.ts";
import { keyBlock } from "./arbitraries.ts";
import { block, keyId, policy, policySet } from "./build.ts";

/*
 * 1. At any instant the effective key is what somebody gets who lays the overrides in force over the key by hand, in
 *    whatever order a resolver that remembers is asked.
 * 2. Between two wake-ups that follow each other nothing changes: neither a key nor how near an end is.
 */

const epoch = Date.parse("2026-09-01T00:00:00Z");
const hour = 3_600_000;
const instant = fc
  .tuple(fc.integer({ min: 0, max: 60 }), fc.constantFrom(0, 0, 1, 7 * hour))
  .map(([halfDays, more]) => epoch + halfDays * 12 * hour + more);

interface Drawn {
  readonly from: number | null;
  readonly until: number;
  readonly key: JsonObject;
}

function drawn(key: fc.Arbitrary<JsonObject>): fc.Arbitrary<Drawn> {
  return fc.record({ from: fc.option(instant), until: instant, key });
}

function policyWith(key: JsonObject, overrides: readonly Drawn[]): KeyPolicy {
  return policy({
    key,
    overrides: overrides.map(({ from, until, key: own }) => ({
      ...(from === null ? {} : { from: new Date(from).toISOString() }),
      until: new Date(until).toISOString(),
      key: own,
    })),
  });
}

/** Objects merge, everything else replaces, an empty object says nothing. */
function laidOver(below: Json | undefined, above: Json): Json {
  if (!isObject(above)) return above;
  const merged: Record<string, Json> = isObject(below) ? { ...below } : {};
  const entries = Object.entries(above);
  if (entries.length === 0 && below !== undefined) return below;
  for (const [name, value] of entries) {
    const inner = Object.hasOwn(merged, name) ? merged[name] : undefined;
    Object.defineProperty(merged, name, {
      value: laidOver(inner, value),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return merged;
}

function byHand(key: JsonObject, overrides: readonly Drawn[], at: number): Record<string, Json> {
  const inForce = overrides.filter(({ from, until }) => (from ?? -Infinity) <= at && at < until);
  const whole = inForce.reduce<Json>((below, { key: above }) => laidOver(below, above), key);
  return valuesOf(effectiveFields([{ source: "hand", block: block(whole as JsonObject) }]));
}

function valuesOf(fields: DesiredFields): Record<string, Json> {
  return Object.fromEntries([...fields].map(([path, { value }]) => [path, value]));
}

const amount = fc.constantFrom(5, 10, 99.5);
const expiry = fc.constantFrom(null, "2027-01-01T00:00:00Z", "2027-06-30T00:00:00Z");

/** Overrides that may stand together, over a key that speaks of all that they set. */
const soundKey = {
  name: "a",
  description: null,
  rate_limits: null,
  expires_at: null,
  usage_limits: { credit_limit: 3, type: "cost", alert_threshold: null, periodic_reset: "monthly" },
};
const soundOverride = fc.record({ name: fc.constantFrom("b", "c") }).chain((always) =>
  fc
    .record(
      {
        description: fc.constantFrom(null, "d", "e"),
        rate_limits: fc.constantFrom(null, [{ type: "requests", unit: "rpm", value: 5 }]),
        expires_at: expiry,
        usage_limits: fc.oneof(
          fc.constant(null),
          fc.record({ credit_limit: amount, alert_threshold: fc.constantFrom(null, 0) }),
        ),
      },
      { requiredKeys: [] },
    )
    .map((some): JsonObject => ({ ...always, ...some })),
);

test(
  "at any instant a key is what the overrides in force make of it, whatever was asked before",
  { timeout: timeFor("overrides: the effective key") },
  (context) => {
    const sound = drawn(soundOverride).filter(({ from, until }) => from === null || from < until);
    return holds(
      context,
      "overrides: the effective key",
      fc.property(
        fc.array(sound, { maxLength: 5 }),
        fc.array(instant, { minLength: 1, maxLength: 8 }),
        (overrides, instants) => {
          const set = policySet({ policies: [policyWith(soundKey, overrides)] });
          const resolve = createResolver();
          for (const at of instants) {
            const key = resolve(set, nothingLive(at)).desired.get(keyId(1));
            expect(valuesOf(key!.fields)).toEqual(byHand(soundKey, overrides, at));
            // What is to come is what will be.
            for (const { at: moment, fields } of key!.course.upcoming) {
              const then = byHand(soundKey, overrides, moment);
              for (const { path, to } of fields) expect(then[path]).toEqual(to);
            }
          }
        },
      ),
    );
  },
);

test(
  "between two wake-ups that follow each other nothing changes",
  { timeout: timeFor("overrides: no wake-up is missed") },
  (context) =>
    holds(
      context,
      "overrides: no wake-up is missed",
      fc.property(
        keyBlock,
        fc.array(drawn(keyBlock), { maxLength: 4 }),
        fc.array(drawn(keyBlock), { maxLength: 2 }),
        instant,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (key, overrides, others, start, share) => {
          const timed = policyWith(key, overrides);
          const policies = [timed, policyWith(key, others)];
          const stateAt = (at: number): unknown => ({
            key: valuesOf(stretchesOf(timed, [{ source: "team", block: timed.key }], at)[0]!.fields),
            near: policies.flatMap(({ overrides: all }) => all.map((one) => endsWithin(one, at))),
          });
          let at = start;
          for (let turns = 0; ; turns += 1) {
            expect(turns).toBeLessThan(50);
            const { look, next, inForce } = nextMoment(policies, at);
            const last = (look ?? epoch + 1_000 * 24 * hour) - 1;
            const within = [last, at + Math.floor((last - at) * share)];
            for (const later of within) expect(stateAt(later)).toEqual(stateAt(at));
            expect((stateAt(at) as { key: unknown }).key).toEqual(byHand(key, overrides, at));
            if (look === null) {
              expect({ next, inForce }).toEqual({ next: null, inForce: 0 });
              return;
            }
            expect(look).toBeGreaterThan(at);
            at = look;
          }
        },
      ),
    ),
);
