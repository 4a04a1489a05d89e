import { unenforcedDifferences } from "../../src/core/unenforced.ts";
import type { PlanView } from "../../src/render/plan-view.ts";
import { applied, confirmed, keyId, liveKey, now, plan, policy, resolve, seen } from "../core/build.ts";

/* A plan with a bit of everything that a reviewer has to be shown. */

const families = ["agent_servers", "configs", "guardrails", "prompts", "providers"];
const manyScopes = families.flatMap((family) =>
  ["create", "delete", "list", "read"].map((verb) => `${family}.${verb}`),
);

const policies = [
  policy({
    name: "search-chatbot",
    key: {
      rate_limits: [
        { type: "requests", unit: "rpm", value: 300 },
        { type: "tokens", unit: "rpd", value: 5000 },
      ],
      scopes: ["completions.write", "logs.view"],
      usage_limits: { credit_limit: 500 },
      expires_at: "2027-01-01T00:00:00Z",
    },
  }),
  policy({
    name: "batch",
    keyIds: [keyId(2)],
    key: {
      scopes: manyScopes,
      usage_limits: null,
      description: "now it says more",
      alert_emails: ["ops@example.com"],
      defaults: { metadata: { team: "batch jobs", old: null } },
    },
  }),
  policy({ name: "told", keyIds: [keyId(3)], mode: "report", key: { usage_limits: { credit_limit: 5 } } }),
  policy({
    name: "asleep",
    keyIds: [keyId(4)],
    mode: "paused",
    key: { scopes: ["logs.view"], name: "asleep" },
  }),
];

const sightOf = seen(
  liveKey(1, {
    name: "Search chatbot",
    rate_limits: [
      { type: "requests", unit: "rpm", value: 600 },
      { type: "requests", unit: "rpd", value: 9 },
    ],
    scopes: ["completions.write", "logs.list", "logs.export"],
    usage_limits: { type: "cost", credit_limit: 500.5 },
    expires_at: "2027-01-01T00:00:00Z",
  }),
  liveKey(2, {
    name: "Batch | jobs",
    usage_limits: { type: "tokens", credit_limit: 100_000, periodic_reset: "weekly" },
    alert_emails: ["old@example.com"],
    defaults: { metadata: { old: "x" }, config_id: null },
  }),
  liveKey(3, { usage_limits: { type: "cost", credit_limit: 50 } }),
  liveKey(4, { name: "asleep" }),
);

const resolution = resolve({ policies });

export const reviewView: PlanView = {
  plan: plan({
    resolution,
    applied: new Map([
      ...applied({ rate_limits: confirmed([{ type: "requests", unit: "rpm", value: 300 }]) }),
      ...applied({ name: confirmed("x") }, keyId(9)),
    ]),
    sightOf,
  }),
  names: new Map([
    [keyId(1), "Search chatbot"],
    [keyId(2), "Batch | jobs"],
    [keyId(4), "asleep"],
  ]),
  unenforced: unenforcedDifferences(resolution.desired.values(), sightOf, now),
};
