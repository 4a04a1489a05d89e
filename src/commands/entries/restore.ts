import { Argument } from "commander";
import type { RestoreFlags } from "../restore.ts";
import type { CommandEntry } from "../command-entry.ts";

export const entry: CommandEntry = {
  name: "restore",
  does: "put a key back to its baseline or another point of its history, and leave it so",
  examples: [
    "keysteward restore f47ac10b-58cc-4372-a567-0e02b2c3d479 --dry-run",
    "keysteward restore search-chatbot --to 2026-11-25T10:00:00Z",
    "keysteward restore search-chatbot --to 1834",
  ],
  exits: "0 done, 2 changes (with --dry-run), 4 nothing to put back, 5 not all of it, 6 held",
  common: "all",
  configure: (command) =>
    void command
      .addArgument(new Argument("<key>", "the key's id, or its policy's name"))
      .option("--to <point>", "baseline (default), a line of the audit trail, an instant, or how long ago")
      .option("--dry-run", "show what would be written; write nothing")
      .option("--yes", "do not ask, and go on although it could lock out the key that we use")
      .option("--expect <digest>", "insist on the plan with this digest"),
  run: async (io, { args, flags }) =>
    (await import("../restore.ts")).restore(io, args[0] ?? "", flags satisfies RestoreFlags),
};
