import { Argument } from "commander";
import type { ForgetFlags } from "../forget.ts";
import type { CommandEntry } from "../command-entry.ts";

export const entry: CommandEntry = {
  name: "forget",
  does: "give up what the ledger knows of a key that no policy covers any more",
  examples: ["keysteward forget f47ac10b-58cc-4372-a567-0e02b2c3d479", "keysteward forget --all-orphaned"],
  exits: "0 forgotten, 4 no such key or the state is in use, 6 refused: nothing was forgotten",
  common: "all",
  configure: (command) =>
    void command
      .addArgument(new Argument("[key]", "the key's id, or a name that it alone has"))
      .option("--all-orphaned", "every key that no policy covers any more; asks first on a terminal")
      .option("--yes", "forget what is listed, without asking"),
  run: async (io, { args, flags }) =>
    (await import("../forget.ts")).forget(io, args[0], flags satisfies ForgetFlags),
};
