import { Argument } from "commander";
import type { CommandEntry } from "../command-entry.ts";
import type { FmtFlags } from "../fmt.ts";

export const entry: CommandEntry = {
  name: "fmt",
  does: "put policies in canonical order and layout; what they say and their comments stay",
  examples: ["keysteward fmt", "keysteward fmt --check", "keysteward fmt policies/search"],
  exits:
    "0, 2 files would change (with --check), 3 policies not valid: left as they are, 5 a file was not formatted",
  common: "all",
  configure: (command) =>
    void command
      .addArgument(new Argument("[paths...]", "files and folders (default: the policy directory)"))
      .option("--check", "write nothing; show what would change"),
  run: async (io, { args, flags }) => {
    // Arguments that can be given any number of times come as one list.
    const paths = args.flat().filter((path) => path !== undefined);
    return (await import("../fmt.ts")).fmt(io, paths, flags satisfies FmtFlags);
  },
};
