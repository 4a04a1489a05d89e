import type { AuditFlags } from "../audit.ts";
import type { CommandEntry } from "../command-entry.ts";
import { addKeyFilterFlags } from "../key-filter-flags.ts";
import { reportFormats } from "../report-formats.ts";

export const entry: CommandEntry = {
  name: "audit",
  does: "which live keys a policy governs and which none does, the most powerful first; what guardrails find",
  examples: ["keysteward audit", "keysteward audit --type organisation-service --format json"],
  exits: "0, 3 a live key is what a guardrail forbids, or policies not valid",
  common: "all",
  formats: reportFormats,
  configure: (command) => void addKeyFilterFlags(command),
  run: async (io, { flags }) => (await import("../audit.ts")).audit(io, flags satisfies AuditFlags),
};
