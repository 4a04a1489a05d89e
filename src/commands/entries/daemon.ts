import type { CommandEntry } from "../command-entry.ts";

export const entry: CommandEntry = {
  name: "daemon",
  does: "watch, apply edits, reconcile on schedule, until told to stop",
  examples: [
    "keysteward daemon",
    "keysteward daemon --policies /srv/policies --state sqlite:/var/lib/keysteward/state.db",
  ],
  exits: "0 stopped cleanly, 4 cannot start",
  common: "all",
  run: async (io, { flags }) => (await import("../daemon.ts")).daemon(io, flags),
};
