import type { CommandEntry } from "../command-entry.ts";
import { reportFormats } from "../report-formats.ts";

export const entry: CommandEntry = {
  name: "test",
  does: "run the policy tests, offline: what policies must come to",
  examples: ["keysteward test", "keysteward test --format junit > keysteward.xml"],
  exits: "0 all passed, 3 a case failed, or policies not valid",
  common: "all",
  formats: reportFormats,
  run: async (io, { flags }) => (await import("../test.ts")).test(io, flags),
};
