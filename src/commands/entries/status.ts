import type { CommandEntry } from "../command-entry.ts";

export const entry: CommandEntry = {
  name: "status",
  does: "how things stand, asked of the daemon where one runs, else as the state knows it",
  examples: ["keysteward status", "keysteward status --format json"],
  exits: "0 all in sync, 2 not",
  common: "all",
  run: async (io, { flags }) => (await import("../status.ts")).status(io, flags),
};
