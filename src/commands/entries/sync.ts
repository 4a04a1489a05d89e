import type { SyncFlags } from "../sync.ts";
import type { CommandEntry } from "../command-entry.ts";

export const entry: CommandEntry = {
  name: "sync",
  does: "have the daemon compare every key now",
  examples: ["keysteward sync", "keysteward sync --wait"],
  exits: "0 rung, or done; with --wait 3 policies not valid, 5 some changes failed, 6 held",
  common: "all",
  configure: (command) =>
    void command.option("--wait", "wait for the pass to end, and read back what it wrote"),
  run: async (io, { flags }) => (await import("../sync.ts")).sync(io, flags satisfies SyncFlags),
};
