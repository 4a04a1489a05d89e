import type { KeptGuardrail } from "../core/guardrail.ts";
import type { JsonObject } from "../core/policy.ts";
import type { Clean } from "./clean.ts";
import type { SqlDatabase } from "./sqlite-driver.ts";

/** The guardrails in force, each as it was last sound. They are few: each time all are written, and all are read. */
export interface GuardrailTable {
  /** Must run inside a transaction. */
  replace(guardrails: readonly KeptGuardrail[]): void;
}

export function createGuardrailTable(db: SqlDatabase, clean: Clean): GuardrailTable {
  const clear = db.prepare("DELETE FROM guardrail");
  const insert = db.prepare(
    "INSERT INTO guardrail (position, name, source, file, line) VALUES (?, ?, ?, ?, ?)",
  );
  return {
    replace(guardrails) {
      clear.run();
      for (const [position, { name, source, file, line }] of guardrails.entries()) {
        insert.run(position, clean(name), clean(JSON.stringify(source)), clean(file), line);
      }
    },
  };
}

export function createGuardrailReader(db: SqlDatabase): () => readonly KeptGuardrail[] {
  const select = db.prepare("SELECT name, source, file, line FROM guardrail ORDER BY position");
  return () =>
    select.all().map((row) => ({
      name: String(row["name"]),
      source: JSON.parse(String(row["source"])) as JsonObject,
      file: String(row["file"]),
      line: Number(row["line"]),
    }));
}
