import type { ApplyFlags } from "../apply.ts";
import type { CommandEntry } from "../command-entry.ts";

export const entry: CommandEntry = {
  name: "apply",
  does: "one reconcile pass: plan, then push; asks first on a terminal",
  examples: [
    "keysteward apply --yes",
    "keysteward apply --expect 1f0c6a2b9d3e4f50",
    "keysteward apply --keep-going",
  ],
  exits: "0 done, 3 policies not valid, 5 some changes failed, 6 held",
  common: "all",
  configure: (command) =>
    void command
      .option("--yes", "take the plan as it is, without asking")
      .option("--keep-going", "go on with what is sound although some policies have errors")
      .option("--expect <digest>", "insist on the plan with this digest, as `plan` printed it"),
  run: async (io, { flags }) => (await import("../apply.ts")).apply(io, flags satisfies ApplyFlags),
};
