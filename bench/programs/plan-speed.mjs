// Makes plans in process with the built modules, eight fields a key, and prints the times: plan-speed.mjs KEYS RUNS
import { effectiveFields } from "../../dist/core/effective.js";
import { liveValue, readLiveKey } from "../../dist/core/live.js";
import { makePlan } from "../../dist/core/make-plan.js";
import { keyRow } from "./population.mjs";

const [count, runs] = process.argv.slice(2).map(Number);
const now = Date.parse("2026-03-01T00:00:00Z");
const hourMs = 3_600_000;

function desiredKey(index) {
  const row = keyRow(index);
  const place = { file: `policies/${row.name}.yaml`, line: 1, column: 1 };
  const { name, rate_limits, scopes, alert_emails, expires_at } = row;
  const value = {
    name,
    rate_limits,
    usage_limits: { credit_limit: row.usage_limits.credit_limit },
    scopes,
    alert_emails,
    expires_at,
    defaults: { metadata: row.defaults.metadata, allow_config_override: false },
  };
  const block = { value, places: new Map([["", place]]) };
  const fields = effectiveFields([{ source: name, block }]);
  if (fields.size !== 8) throw new Error(`expected eight fields, found ${[...fields.keys()].join(", ")}`);
  const course = { inForce: [], upcoming: [] };
  return { keyId: row.id, policy: name, place, mode: "enforce", fields, course, acknowledged: new Map() };
}

function appliedKey({ policy, place, fields }) {
  const at = now - hourMs;
  const confirmed = [...fields].map(([path, { value }]) => [path, { confirmed: { value, policy, at } }]);
  return { policy, file: place.file, line: place.line, fields: new Map(confirmed) };
}

const desired = new Map(
  Array.from({ length: count }, (_, index) => desiredKey(index)).map((key) => [key.keyId, key]),
);
const applied = new Map([...desired].map(([id, key]) => [id, appliedKey(key)]));

function sights(stale) {
  const rows = Array.from({ length: count }, (_, index) => readLiveKey(keyRow(index, { stale }), "list"));
  const byId = new Map(rows.map((key) => [key.id, { kind: "seen", key, complete: false }]));
  return (id) => byId.get(id) ?? { kind: "unseen" };
}

function plan(pass, sightOf, expected) {
  const input = {
    resolution: { desired, held: [], guardrails: [], problems: [] },
    applied,
    sightOf,
    liveCount: count,
  };
  const made = makePlan({ ...input, pass, now, settleMs: 60_000, restorations: new Map() });
  if (made.changes.length !== expected) throw new Error(`${made.changes.length} changes, not ${expected}`);
}

/** The least that a comparison can take: both sides of each field as text. */
function compareBarely(sightOf) {
  let equal = 0;
  for (const { keyId, fields } of desired.values()) {
    const { key } = sightOf(keyId);
    for (const [path, { value }] of fields) {
      if (JSON.stringify(value) === JSON.stringify(liveValue(key, path))) equal += 1;
    }
  }
  if (equal !== count * 8) throw new Error(`${equal} equal fields`);
}

const inSync = sights(false);
const stale = sights(true);
const work = {
  floor: () => compareBarely(inSync),
  edit: () => plan("edit", () => ({ kind: "unseen" }), 0),
  reconcile: () => plan("reconcile", inSync, 0),
  changed: () => plan("reconcile", stale, count),
};
const times = { floor: [], edit: [], reconcile: [], changed: [] };
for (let run = 0; run < runs; run += 1) {
  for (const [name, list] of Object.entries(times)) {
    global.gc();
    const from = performance.now();
    work[name]();
    list.push(performance.now() - from);
  }
}
process.stdout.write(JSON.stringify(times));
