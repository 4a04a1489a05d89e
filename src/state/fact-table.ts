import type { Clean } from "./clean.ts";
import type { JsonObject } from "../core/policy.ts";
import type { FactName } from "../ports.ts";
import { stableJson } from "../core/canonical.ts";
import type { SqlDatabase } from "./sqlite-driver.ts";

/** Writes a fact. Must run inside a transaction. */
export function createFactWriter(db: SqlDatabase, clean: Clean): (name: FactName, fact: JsonObject) => void {
  const upsert = db.prepare(
    "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  return (name, fact) => void upsert.run(name, clean(stableJson(fact)));
}

/** Reads a fact from the disk. */
export function createFactReader(db: SqlDatabase): (name: FactName) => JsonObject | undefined {
  const select = db.prepare("SELECT value FROM fact WHERE name = ?");
  return (name) => {
    const row = select.get(name);
    return row === undefined ? undefined : (JSON.parse(String(row["value"])) as JsonObject);
  };
}
