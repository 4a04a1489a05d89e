import type { CommandEntry } from "../command-entry.ts";

export const entry: CommandEntry = {
  name: "pause",
  does: "have the daemon write nothing until it is resumed",
  examples: ["keysteward pause"],
  exits: "0",
  common: "all",
  run: async (io, { flags }) => (await import("../pause.ts")).pause(io, flags),
};
