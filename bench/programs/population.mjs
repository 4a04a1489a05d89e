// A made-up organisation of any size: its policies as files, and its keys as the control plane lists them, in sync with
// each other. Everything follows from the index of a key, so that each program can make its own copy.
import { createHash } from "node:crypto";

/** The files of every size hold five profiles, one a file; the others hold a policy each. */
export const profileFiles = [
  ["baseline", "scopes: [completions.write, logs.view]\n    defaults: { allow_config_override: false }"],
  ["production", "expires_at: null", "baseline"],
  ["staging", "expires_at: 2031-12-31T23:59:59Z", "baseline"],
  ["batch", "scopes: [completions.write]", "baseline"],
  ["internal", "description: null", "baseline"],
].map(([name, key, base]) => ({
  path: `profiles/${name}.yaml`,
  text: `apiVersion: keysteward/v1
kind: Profile
metadata: { name: ${name} }
spec:
${base === undefined ? "" : `  profiles: [${base}]\n`}  key:
    ${key}
`,
}));

/** Guardrails that every policy keeps to, one a file, of the kinds that people write. */
export const guardrailFiles = [
  "{ required: [usage_limits], properties: { usage_limits: { type: object, required: [credit_limit], properties: { credit_limit: { maximum: MOST } } } } }",
  "{ required: [scopes], properties: { scopes: { maxItems: MOST, items: { not: { pattern: 'api_keys\\.create$' } } } } }",
  "{ required: [rate_limits], properties: { rate_limits: { type: array, minItems: 1, items: { properties: { value: { maximum: MOST } } } } } }",
  "{ properties: { defaults: { required: [metadata], properties: { metadata: { type: object, required: [team], properties: { team: { pattern: '^team-' } } } } } } }",
  "{ if: { properties: { scopes: { contains: { const: completions.write } } } }, then: { required: [alert_emails] }, properties: { name: { pattern: '^team-\\d\\d-' } } }",
].flatMap((schema, kind) =>
  Array.from({ length: 4 }, (_, copy) => ({
    path: `guardrails/rule-${kind}-${copy}.yaml`,
    text: `apiVersion: keysteward/v1
kind: Guardrail
metadata: { name: rule-${kind}-${copy} }
spec:
  message: what the benchmark demands
  schema: ${schema.replaceAll("MOST", String(1_000 + copy))}
`,
  })),
);

const variants = ["production", "staging", "batch", "internal"];

/** The key's UUID. */
export function keyId(index) {
  const hex = createHash("md5").update(`key ${index}`).digest("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join("-");
}

function teamOf(index) {
  return `team-${String(index % 20).padStart(2, "0")}`;
}

function nameOf(index) {
  return `${teamOf(index)}-service-${String(index).padStart(6, "0")}`;
}

function settingsOf(index) {
  const budget = 100 + (index % 50) * 10;
  return { rate: 60 + (index % 100), budget, alert: Math.floor(budget * 0.8), variant: variants[index % 4] };
}

/** A policy of some 450 bytes, and where it lies. */
export function policyFile(index) {
  const { rate, budget, alert, variant } = settingsOf(index);
  const team = teamOf(index);
  return {
    path: `${team}/${nameOf(index)}.yaml`,
    text: `apiVersion: keysteward/v1
kind: KeyPolicy
metadata:
  name: ${nameOf(index)}
  labels: { team: ${team} }
spec:
  keyId: ${keyId(index)}
  profiles: [${variant}]
  key:
    name: ${nameOf(index)}
    rate_limits:
      - { type: requests, unit: rpm, value: ${rate} }
    usage_limits: { type: cost, credit_limit: ${budget}, alert_threshold: ${alert}, periodic_reset: monthly }
    defaults: { metadata: { team: ${team} } }
    alert_emails: [${team}@example.com]
`,
  };
}

/** A key as a row of the list. `stale`: with another rate limit than its policy asks for. */
export function keyRow(index, { stale = false } = {}) {
  const { rate, budget, alert, variant } = settingsOf(index);
  const team = teamOf(index);
  return {
    id: keyId(index),
    key: "pk*****xyz",
    name: nameOf(index),
    description: null,
    type: "workspace-service",
    organisation_id: "6a2f41c9-52d1-4f0e-9d0b-1b7c9a5e3d20",
    workspace_id: "0f5e7b1a-93c4-4a52-8e6f-7d2c1b0a9e88",
    user_id: null,
    status: "active",
    created_at: "2026-01-05T08:00:00.000Z",
    last_updated_at: "2026-02-05T08:00:00.000Z",
    creation_mode: "api",
    rate_limits: [{ type: "requests", unit: "rpm", value: stale ? rate + 1000 : rate }],
    usage_limits: {
      id: keyId(`budget of ${index}`),
      type: "cost",
      credit_limit: budget,
      alert_threshold: alert,
      periodic_reset: "monthly",
      current_usage: (index % 97) / 8,
      status: "active",
      is_threshold_alerts_sent: false,
      is_exhausted_alerts_sent: false,
    },
    reset_usage: null,
    scopes: variant === "batch" ? ["completions.write"] : ["completions.write", "logs.view"],
    defaults: { metadata: { team }, config_id: null },
    alert_emails: [`${team}@example.com`],
    expires_at: variant === "staging" ? "2031-12-31T23:59:59.000Z" : null,
    object: "api-key",
    last_reset_at: null,
    expiry_enforced: 0,
    allow_config_override: 0,
    api_key_defaults_id: keyId(`defaults of ${index}`),
  };
}
