import { Argument } from "commander";
import type { CommandEntry } from "../command-entry.ts";
import { schemaNames, type SchemaName } from "../schema-names.ts";

export const entry: CommandEntry = {
  name: "schema",
  does: "print a JSON Schema",
  examples: ["keysteward schema policy > schema/policy.schema.json"],
  exits: "0",
  common: "none",
  configure: (command) =>
    void command.addArgument(
      new Argument("[name]", "which one").choices(schemaNames).default("policy" satisfies SchemaName),
    ),
  run: async (io, { args }) => (await import("../schema.ts")).schema(io, args[0] as SchemaName),
};
