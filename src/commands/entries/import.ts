import { Option } from "commander";
import type { ImportFlags } from "../import-keys.ts";
import type { CommandEntry } from "../command-entry.ts";
import { addKeyFilterFlags } from "../key-filter-flags.ts";

export const entry: CommandEntry = {
  name: "import",
  does: "write a policy for each live key that none governs yet, so that the next plan is empty",
  examples: [
    "keysteward import --dry-run",
    "keysteward import --type workspace-service --name 'search-*'",
    "keysteward import --key f47ac10b-58cc-4372-a567-0e02b2c3d479 --out policies/search --flat",
  ],
  exits: "0, 3 policies not valid: nothing was imported, 5 a file could not be written",
  common: "all",
  configure: (command) =>
    void addKeyFilterFlags(command)
      .option("--out <dir>", "where files are written (default: the policy directory)")
      .option("--flat", "no folder for each workspace")
      .option(
        "--schema <place>",
        "the schema that files point editors to: a file or an address (default: schema/policy.schema.json beside the policy directory, where it is)",
      )
      .addOption(
        new Option("--empty <how>", "what is said of fields that are empty on the key: nothing, or null")
          .choices(["leave", "null"])
          .default("leave"),
      )
      .option("--dry-run", "print what would be written; write nothing"),
  run: async (io, { flags }) =>
    (await import("../import-keys.ts")).importKeys(io, flags satisfies ImportFlags),
};
