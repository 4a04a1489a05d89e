import { readFileSync } from "node:fs";
import { exits, type Io } from "./context.ts";

/** The schemas that can be printed, by name; each is a file of the package's `schema` folder. */
export const schemaNames = ["policy", "config", "results"] as const;

export type SchemaName = (typeof schemaNames)[number];

/** Prints a schema. */
export function schema(io: Io, name: SchemaName): Promise<number> {
  io.stdout.write(readFileSync(new URL(`../../schema/${name}.schema.json`, import.meta.url), "utf8"));
  return Promise.resolve(exits.ok);
}
