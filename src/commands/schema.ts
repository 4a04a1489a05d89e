import { readFileSync } from "node:fs";
import { exits, type Io } from "./context.ts";
import type { SchemaName } from "./schema-names.ts";

/** Prints a schema. */
export function schema(io: Io, name: SchemaName): Promise<number> {
  io.stdout.write(readFileSync(new URL(`../../schema/${name}.schema.json`, import.meta.url), "utf8"));
  return Promise.resolve(exits.ok);
}
