import type { PlanFlags } from "../plan.ts";
import type { CommandEntry } from "../command-entry.ts";

export const entry: CommandEntry = {
  name: "plan",
  does: "show what would be written and why; writes nothing",
  examples: [
    "keysteward plan",
    "keysteward plan --format json > plan.json",
    "keysteward plan --format github > comment.md",
    "keysteward plan --at 2026-12-01",
  ],
  exits: "0 nothing to change, 2 changes, 3 policies not valid, 6 held",
  common: "all",
  formats: ["human", "json", "github"],
  configure: (command) =>
    void command
      .option("--all", "list what is not enforced, and long lists to their end")
      .option("--at <instant>", "a forecast: what the policies will ask for then; cannot be applied"),
  run: async (io, { flags }) => (await import("../plan.ts")).plan(io, flags satisfies PlanFlags),
};
