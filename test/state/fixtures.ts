import type { Claim } from "../../src/core/ledger.ts";
import type { AuditEntry, InventoryKey } from "../../src/ports.ts";

export const keyA = "11111111-1111-4111-8111-111111111111";
export const keyB = "22222222-2222-4222-8222-222222222222";

export function claimOf(keyId: string, fields: Claim["fields"], at = 1_000): Claim {
  return { keyId, policy: "team", file: "policies/team.yaml", line: 3, at, fields };
}

export function auditOf(keyId: string, event: AuditEntry["event"], at = 1_000): AuditEntry {
  const detail = { fields: ["name"], status: event === "applied" ? 200 : null };
  const from = { policy: "team", file: "policies/team.yaml", line: 3, commit: null, author: null };
  return { at, pass: "pass-1", keyId, ...from, event, detail };
}

export function inventoryKey(id: string, name: string, seenAt = 1_000): InventoryKey {
  return {
    key: {
      id,
      name,
      type: "workspace-service",
      workspaceId: null,
      status: "active",
      lastUpdatedAt: "2026-01-01T00:00:00Z",
      fields: new Map<string, null | string | readonly string[]>([
        ["name", name],
        ["expires_at", null],
        ["scopes", ["completions.write", "logs.view"]],
      ]),
    },
    raw: { id, name, scopes: ["logs.view", "completions.write"], usage_limits: null, active: true },
    seenAt,
    rotationReadAt: null,
  };
}

/** What `work` throws; fails when it does not. */
export function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (thrown) {
    return thrown;
  }
  throw new Error("Nothing was thrown.");
}
