import { Argument } from "commander";
import type { HistoryFlags } from "../history.ts";
import type { CommandEntry } from "../command-entry.ts";

export const entry: CommandEntry = {
  name: "history",
  does: "what was written, when, and why: the audit trail; `history verify` checks that it is whole",
  examples: [
    "keysteward history --key f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "keysteward history --policy search-chatbot --since 7d",
    "keysteward history --commit 1f0c6a2 --format json",
    "keysteward history verify",
  ],
  exits: "0, 7 the audit trail is not what was written",
  common: "all",
  configure: (command) =>
    void command
      .addArgument(new Argument("[verify]", "check the trail, line by line").choices(["verify"]))
      .option("--key <id>", "of this key")
      .option("--policy <name>", "of this policy")
      .option("--commit <prefix>", "of the commit that begins like this")
      .option("--since <time>", "from then on: an instant with its zone, or how long ago (24h, 7d)")
      .option("--until <time>", "before then, said likewise")
      .option("--limit <count>", "at most so many requests, the latest (default: 50)"),
  run: async (io, { args, flags }) => {
    const { history, verifyHistory } = await import("../history.ts");
    return args[0] === "verify" ? verifyHistory(io, flags) : history(io, flags satisfies HistoryFlags);
  },
};
