import { Argument } from "commander";
import type { ExplainFlags } from "../explain.ts";
import type { CommandEntry } from "../command-entry.ts";

export const entry: CommandEntry = {
  name: "explain",
  does: "what is wanted of a key, who says so and where, what is live, and what would happen now",
  examples: [
    "keysteward explain search-chatbot",
    "keysteward explain f47ac10b-58cc-4372-a567-0e02b2c3d479 --offline",
  ],
  exits: "0, 4 no such key",
  common: "all",
  configure: (command) =>
    void command
      .addArgument(new Argument("<key>", "the key's id, its policy's name, or its own name"))
      .option("--offline", "do not ask the control plane; use what was seen last"),
  run: async (io, { args, flags }) =>
    (await import("../explain.ts")).explain(io, args[0] ?? "", flags satisfies ExplainFlags),
};
