import { Argument } from "commander";
import type { CommandEntry } from "../command-entry.ts";

export const entry: CommandEntry = {
  name: "resume",
  does: "have the daemon write again, or a key that was put back follow its policy again",
  examples: ["keysteward resume", "keysteward resume f47ac10b-58cc-4372-a567-0e02b2c3d479"],
  exits: "0, 4 no daemon, or no such key",
  common: "all",
  configure: (command) =>
    void command.addArgument(new Argument("[key]", "a key that was put back: its id, or its policy's name")),
  run: async (io, { args, flags }) => (await import("../pause.ts")).resume(io, args[0], flags),
};
