import type { PolicySet } from "../core/policy.ts";
import { createResolver, nothingLive } from "../core/resolve.ts";
import { seedKey } from "../simulator/seed-key.ts";
import type { StoredKey } from "../simulator/stored-key.ts";

const careless = { description: "made in the dashboard", rate_limits: [], usage_limits: null };

/** A live key for each key that policies name, as careless as keys made by hand are; also of policies that are broken. */
export function carelessKeys(set: PolicySet): readonly StoredKey[] {
  const { desired } = createResolver()(set, nothingLive(Date.now()));
  const owners = new Map(
    set.policies.flatMap(({ name, keyIds }) => keyIds.map(({ value }) => [value, name] as const)),
  );
  return [...owners].map(([id, policy]) => {
    const scopes = desired.get(id)?.fields.get("scopes")?.value;
    const isOrganisation = Array.isArray(scopes) && scopes.includes("organisation_service_api_keys.list");
    const type = isOrganisation ? "organisation-service" : "workspace-service";
    return seedKey({ ...careless, id, name: `old-${policy}`, type });
  });
}

/** Keys that somebody made and nobody governs. */
export function strayKeys(): readonly StoredKey[] {
  return [
    seedKey({
      name: "nightly-report",
      scopes: ["completions.write", "logs.export"],
      usage_limits: { type: "cost", credit_limit: 200, periodic_reset: "monthly" },
    }),
    seedKey({ name: "load-test", description: "made in the dashboard", expires_at: null }),
    seedKey({
      name: "laptop-of-an-intern",
      type: "workspace-user",
      scopes: ["completions.write", "logs.view"],
    }),
  ];
}
