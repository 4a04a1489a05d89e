import type { CommandEntry } from "../command-entry.ts";

export const entry: CommandEntry = {
  name: "demo",
  does: "the main job against the built-in simulator; no account needed",
  examples: ["keysteward demo"],
  exits: "0",
  common: "color",
  run: async (io, { flags }) => (await import("../demo.ts")).demo(io, flags),
};
