import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { StoredKey } from "./stored-key.ts";

const organisation = uuidFor("the organisation of the simulator");

/**
 * A whole key from the parts that matter. A key with metadata or a config has a defaults row, and with it an
 * `allow_config_override` of 1, as every recorded key has.
 */
export function seedKey(given: Partial<StoredKey> = {}): StoredKey {
  const { metadata = null, config_id = null } = given.defaults ?? {};
  const hasDefaults = metadata !== null || config_id !== null;
  const type = given.type ?? "workspace-service";
  const createdAt = given.created_at ?? "2026-01-01T00:00:00.000Z";
  return {
    id: randomUUID(),
    key: maskedSecret(newSecret()),
    name: "seeded-key",
    description: null,
    type,
    organisation_id: organisation,
    workspace_id: type === "organisation-service" ? null : uuidFor("ws-main"),
    user_id: type === "workspace-user" ? uuidFor("a user") : null,
    status: "active",
    created_at: createdAt,
    last_updated_at: createdAt,
    creation_mode: "ui",
    rate_limits: [],
    usage_limits: null,
    reset_usage: null,
    scopes: ["completions.write"],
    defaults: { metadata, config_id },
    alert_emails: null,
    expires_at: null,
    last_reset_at: null,
    expiry_enforced: 0,
    allow_config_override: hasDefaults ? 1 : null,
    api_key_defaults_id: hasDefaults ? randomUUID() : null,
    rotation_policy: null,
    last_rotated_at: null,
    transition_until: null,
    ...given,
  };
}

export function newSecret(): string {
  return randomBytes(21).toString("base64").replaceAll(/[+/]/g, "x");
}

/** As reads show a secret: two characters, five stars, three characters (observed). */
export function maskedSecret(secret: string): string {
  return `${secret.slice(0, 2)}*****${secret.slice(-3)}`;
}

/** The UUID that a slug stands for: the same for the same slug. */
export function uuidFor(slug: string): string {
  const hex = createHash("sha256").update(slug).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return uuid.test(text);
}
