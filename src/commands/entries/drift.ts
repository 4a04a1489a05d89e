import { Argument } from "commander";
import type { CommandEntry } from "../command-entry.ts";
import type { DriftFlags } from "../drift.ts";

export const entry: CommandEntry = {
  name: "drift",
  does: "`drift accept KEY`: write what is live into the policy that asks for something else",
  examples: [
    "keysteward drift accept search-chatbot --dry-run",
    "keysteward drift accept search-chatbot --field rate_limits --field usage_limits.credit_limit",
  ],
  exits:
    "0 written, or nothing to accept, 2 it would be written (with --dry-run), 4 no such key, 6 refused: nothing was written",
  common: "all",
  configure: (command) =>
    void command
      .addArgument(new Argument("<action>", "what is done about the drift").choices(["accept"]))
      .addArgument(new Argument("<key>", "the key's id or how it begins, its policy's name, or its own name"))
      .option(
        "--field <path>",
        "this field alone; may be given more than once",
        (path: string, before: readonly string[]) => [...before, path],
        [],
      )
      .option("--dry-run", "show what would be written; write nothing"),
  run: async (io, { args, flags }) =>
    (await import("../drift.ts")).acceptDrift(io, args[1] ?? "", flags satisfies DriftFlags),
};
