import type { JsonObject } from "../../src/core/policy.ts";
import { configA } from "./build.ts";

/** What no policy can say, and so is no difference whatever it is; the first of each is what the key began with. */
export const neverLookedAt: readonly { readonly rule: string; readonly shown: readonly JsonObject[] }[] = [
  {
    rule: "normalisation 4, workspace: a slug, a UUID and a UUID in another case",
    shown: [
      { workspace_id: "00000000-0000-4000-8000-00000000000a" },
      { workspace_id: "00000000-0000-4000-8000-00000000000A" },
      { workspace_id: "ws-main" },
      { workspace_id: null },
    ],
  },
  {
    rule: "normalisation 21, expired: the status and the flag that the worker sets",
    shown: [
      { status: "active", last_updated_at: "2026-01-01T00:00:00.000Z" },
      { status: "expired", last_updated_at: "2026-06-01T00:10:10.000Z" },
      { status: "exhausted" },
      { status: "archived" },
    ],
  },
  {
    rule: "normalisation 23, type: one word on reads, two parts of a path where keys are made",
    shown: [{ type: "workspace-service" }, { type: "workspace-user" }, { type: "organisation-service" }],
  },
  {
    rule: "normalisation 24, secret: masked, and another one after a rotation",
    shown: [{ key: "z1*****3AX" }, { key: "q7*****9Bv" }, {}],
  },
  {
    rule: "normalisation 25, user: nobody's, or somebody's",
    shown: [{ user_id: null }, { user_id: configA }],
  },
  {
    rule: "normalisation 26, usage reset: a number or null, unlike what is sent",
    shown: [{ reset_usage: null }, { reset_usage: 0 }, { reset_usage: 1 }, { reset_usage: true }],
  },
  {
    rule: "normalisation 27, expiry_enforced: whatever it means",
    shown: [{ expiry_enforced: 0 }, { expiry_enforced: 1 }, { expiry_enforced: null }, {}],
  },
  {
    rule: "what is of a newer server, or inside what is known",
    shown: [
      {},
      { guardrail_exclusions: [{ a: 1 }], last_reset_at: "2026-09-01T00:00:00.000Z" },
      { last_rotated_at: "2026-09-01T00:00:00.000Z", next_usage_reset_at: "2026-10-01T00:00:00.000Z" },
    ],
  },
];
