import type { CommandEntry } from "../command-entry.ts";
import type { SimulatorFlags } from "../simulator.ts";

export const entry: CommandEntry = {
  name: "simulator",
  does: "a control plane in memory to try every command against; no account needed",
  examples: ["keysteward simulator", "keysteward simulator --policies policies --port 8787"],
  exits: "0, 4 the port or the policies cannot be had",
  common: "none",
  configure: (command) =>
    void command
      .option("--policies <dir>", "each key that they name is there", "policies")
      .option("--port <number>", "on 127.0.0.1; 0 is any that is free", "0"),
  run: async (io, { flags }) => (await import("../simulator.ts")).simulator(io, flags as SimulatorFlags),
};
