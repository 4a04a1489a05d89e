import { Argument } from "commander";
import type { CommandEntry } from "../command-entry.ts";
import type { InitFlags } from "../init.ts";

export const entry: CommandEntry = {
  name: "init",
  does: "write a repository to begin with: profile, guardrail, test, schema, hook, workflow",
  examples: ["keysteward init", "keysteward init api-keys"],
  exits: "0, 5 a file could not be written",
  common: "color",
  configure: (command) =>
    void command.addArgument(
      new Argument("[dir]", "where; what is there already is left as it is").default("."),
    ),
  run: async (io, { args, flags }) =>
    (await import("../init.ts")).init(io, args[0] ?? ".", flags satisfies InitFlags),
};
