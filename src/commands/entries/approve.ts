import { Argument } from "commander";
import type { CommandEntry } from "../command-entry.ts";

export const entry: CommandEntry = {
  name: "approve",
  does: "go on with exactly what the guard holds under a digest",
  examples: ["keysteward approve 1f0c6a2b9d3e4f50"],
  exits: "0 done, 5 not all done yet, 6 nothing written: nothing is held under that digest",
  common: "all",
  configure: (command) =>
    void command.addArgument(new Argument("<digest>", "as `plan` and `status` print it")),
  run: async (io, { args, flags }) => (await import("../approve.ts")).approve(io, args[0] ?? "", flags),
};
