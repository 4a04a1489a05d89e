import type { CommandEntry } from "../command-entry.ts";
import { reportFormats } from "../report-formats.ts";
import type { ValidateFlags } from "../validate.ts";

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
  formats: reportFormats,
  configure: (command) => void command.option("--at <instant>", "what will be in force then, not now"),
  run: async (io, { flags }) => (await import("../validate.ts")).validate(io, flags satisfies ValidateFlags),
};
