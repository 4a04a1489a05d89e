import type { CommandEntry } from "../command-entry.ts";

export const entry: CommandEntry = {
  name: "validate",
  does: "check the policies, offline",
  examples: ["keysteward validate", "keysteward validate --policies ./policies --format json"],
  exits: "0 valid, 3 not valid",
  common: "all",
  run: async (io, { flags }) => (await import("../validate.ts")).validate(io, flags),
};
