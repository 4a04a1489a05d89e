import type { CommandEntry } from "../command-entry.ts";
import type { Format } from "../context.ts";
import type { ValidateFlags } from "../validate.ts";

/** The forms of what finds faults. */
const reports: readonly Format[] = ["human", "json", "github", "sarif", "junit"];

export const entry: CommandEntry = {
  name: "validate",
  does: "check the policies, offline",
  examples: [
    "keysteward validate",
    "keysteward validate --policies ./policies --format json",
    "keysteward validate --format sarif > keysteward.sarif",
    "keysteward validate --at 2026-12-01",
  ],
  exits: "0 valid, 3 not valid",
  common: "all",
  formats: reports,
  configure: (command) => void command.option("--at <instant>", "what will be in force then, not now"),
  run: async (io, { flags }) => (await import("../validate.ts")).validate(io, flags satisfies ValidateFlags),
};
