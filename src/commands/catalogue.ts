/*
 * Every command: what it does, its examples and exit codes, its own flags, and where it is. A command's module is loaded
 * when it is run: checking a file should not wait for a database driver, nor a daemon carry the demo.
 */
import type { Command } from "commander";
import { Argument, Option } from "commander";
import type { ApplyFlags } from "./apply.ts";
import type { HistoryFlags } from "./history.ts";
import type { RestoreFlags } from "./restore.ts";
import type { SyncFlags } from "./sync.ts";
import type { AuditFlags } from "./audit.ts";
import type { Format, Io } from "./context.ts";
import type { ExplainFlags } from "./explain.ts";
import type { ForgetFlags } from "./forget.ts";
import type { ImportFlags } from "./import-keys.ts";
import type { InitFlags } from "./init.ts";
import { addKeyFilterFlags } from "./key-filter-flags.ts";
import type { PlanFlags } from "./plan.ts";
import { schemaNames, type SchemaName } from "./schema-names.ts";
import type { ValidateFlags } from "./validate.ts";

/** What was given on the command line: a command's arguments in their order, then its flags. */
interface Given {
  readonly args: readonly (string | undefined)[];
  readonly flags: object;
}

export interface CommandEntry {
  readonly name: string;
  /** A sentence for the list of commands. */
  readonly does: string;
  readonly examples: readonly string[];
  /** The exit codes that it can end with, for people. */
  readonly exits: string;
  /** Which flags it takes beside its own: all that commands have in common, `--no-color` alone, or none. */
  readonly common: "all" | "color" | "none";
  /** The forms that its result can have; for people and JSON unless given. */
  readonly formats?: readonly Format[];
  /** Adds its own flags and arguments. */
  readonly configure?: (command: Command) => void;
  /** Loads and runs it; resolves to the exit code. */
  readonly run: (io: Io, given: Given) => Promise<number>;
}

/** The forms of what finds faults. */
const reports: readonly Format[] = ["human", "json", "github", "sarif", "junit"];

export const catalogue: readonly CommandEntry[] = [
  {
    name: "init",
    does: "write a repository to begin with: profile, guardrail, test, schema, hook, workflow",
    examples: ["keysteward init", "keysteward init api-keys"],
    exits: "0, 5 a file could not be written",
    common: "color",
    configure: (command) =>
      void command.addArgument(
        new Argument("[dir]", "where; what is there already is left as it is").default("."),
      ),
    run: async (io, { args, flags }) =>
      (await import("./init.ts")).init(io, args[0] ?? ".", flags satisfies InitFlags),
  },
  {
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
    run: async (io, { flags }) => (await import("./validate.ts")).validate(io, flags satisfies ValidateFlags),
  },
  {
    name: "test",
    does: "run the policy tests, offline: what policies must come to",
    examples: ["keysteward test", "keysteward test --format junit > keysteward.xml"],
    exits: "0 all passed, 3 a case failed, or policies not valid",
    common: "all",
    formats: reports,
    run: async (io, { flags }) => (await import("./test.ts")).test(io, flags),
  },
  {
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
    run: async (io, { flags }) => (await import("./plan.ts")).plan(io, flags satisfies PlanFlags),
  },
  {
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
    run: async (io, { flags }) => (await import("./apply.ts")).apply(io, flags satisfies ApplyFlags),
  },
  {
    name: "daemon",
    does: "watch, apply edits, reconcile on schedule, until told to stop",
    examples: [
      "keysteward daemon",
      "keysteward daemon --policies /srv/policies --state sqlite:/var/lib/keysteward/state.db",
    ],
    exits: "0 stopped cleanly, 4 cannot start",
    common: "all",
    run: async (io, { flags }) => (await import("./daemon.ts")).daemon(io, flags),
  },
  {
    name: "status",
    does: "how things stand, asked of the daemon where one runs, else as the state knows it",
    examples: ["keysteward status", "keysteward status --format json"],
    exits: "0 all in sync, 2 not",
    common: "all",
    run: async (io, { flags }) => (await import("./status.ts")).status(io, flags),
  },
  {
    name: "history",
    does: "what was written, when, and why: the audit trail; `history verify` checks that it is whole",
    examples: [
      "keysteward history --key f47ac10b-58cc-4372-a567-0e02b2c3d479",
      "keysteward history --policy search-chatbot --since 7d",
      "keysteward history --commit 1f0c6a2 --format json",
      "keysteward history verify",
    ],
    exits: "0, 7 the audit trail is not what was written",
    common: "all",
    configure: (command) =>
      void command
        .addArgument(new Argument("[verify]", "check the trail, line by line").choices(["verify"]))
        .option("--key <id>", "of this key")
        .option("--policy <name>", "of this policy")
        .option("--commit <prefix>", "of the commit that begins like this")
        .option("--since <time>", "from then on: an instant with its zone, or how long ago (24h, 7d)")
        .option("--until <time>", "before then, said likewise")
        .option("--limit <count>", "at most so many requests, the latest (default: 50)"),
    run: async (io, { args, flags }) => {
      const { history, verifyHistory } = await import("./history.ts");
      return args[0] === "verify" ? verifyHistory(io, flags) : history(io, flags satisfies HistoryFlags);
    },
  },
  {
    name: "approve",
    does: "go on with exactly what the guard holds under a digest",
    examples: ["keysteward approve 1f0c6a2b9d3e4f50"],
    exits: "0 done, 5 not all done yet, 6 nothing written: nothing is held under that digest",
    common: "all",
    configure: (command) =>
      void command.addArgument(new Argument("<digest>", "as `plan` and `status` print it")),
    run: async (io, { args, flags }) => (await import("./approve.ts")).approve(io, args[0] ?? "", flags),
  },
  {
    name: "sync",
    does: "have the daemon compare every key now",
    examples: ["keysteward sync", "keysteward sync --wait"],
    exits: "0 rung, or done; with --wait 3 policies not valid, 5 some changes failed, 6 held",
    common: "all",
    configure: (command) =>
      void command.option("--wait", "wait for the pass to end, and read back what it wrote"),
    run: async (io, { flags }) => (await import("./sync.ts")).sync(io, flags satisfies SyncFlags),
  },
  {
    name: "pause",
    does: "have the daemon write nothing until it is resumed",
    examples: ["keysteward pause"],
    exits: "0",
    common: "all",
    run: async (io, { flags }) => (await import("./pause.ts")).pause(io, flags),
  },
  {
    name: "resume",
    does: "have the daemon write again, or a key that was put back follow its policy again",
    examples: ["keysteward resume", "keysteward resume f47ac10b-58cc-4372-a567-0e02b2c3d479"],
    exits: "0, 4 no daemon, or no such key",
    common: "all",
    configure: (command) =>
      void command.addArgument(
        new Argument("[key]", "a key that was put back: its id, or its policy's name"),
      ),
    run: async (io, { args, flags }) => (await import("./pause.ts")).resume(io, args[0], flags),
  },
  {
    name: "restore",
    does: "put a key back to its baseline or another point of its history, and leave it so",
    examples: [
      "keysteward restore f47ac10b-58cc-4372-a567-0e02b2c3d479 --dry-run",
      "keysteward restore search-chatbot --to 2026-11-25T10:00:00Z",
      "keysteward restore search-chatbot --to 1834",
    ],
    exits: "0 done, 2 changes (with --dry-run), 4 nothing to put back, 5 not all of it, 6 held",
    common: "all",
    configure: (command) =>
      void command
        .addArgument(new Argument("<key>", "the key's id, or its policy's name"))
        .option("--to <point>", "baseline (default), a line of the audit trail, an instant, or how long ago")
        .option("--dry-run", "show what would be written; write nothing")
        .option("--yes", "do not ask, and go on although it could lock out the key that we use")
        .option("--expect <digest>", "insist on the plan with this digest"),
    run: async (io, { args, flags }) =>
      (await import("./restore.ts")).restore(io, args[0] ?? "", flags satisfies RestoreFlags),
  },
  {
    name: "import",
    does: "write a policy for each live key that none governs yet, so that the next plan is empty",
    examples: [
      "keysteward import --dry-run",
      "keysteward import --type workspace-service --name 'search-*'",
      "keysteward import --key f47ac10b-58cc-4372-a567-0e02b2c3d479 --out policies/search --flat",
    ],
    exits: "0, 3 policies not valid: nothing was imported, 5 a file could not be written",
    common: "all",
    configure: (command) =>
      void addKeyFilterFlags(command)
        .option("--out <dir>", "where files are written (default: the policy directory)")
        .option("--flat", "no folder for each workspace")
        .option(
          "--schema <place>",
          "the schema that files point editors to: a file or an address (default: schema/policy.schema.json beside the policy directory, where it is)",
        )
        .addOption(
          new Option("--empty <how>", "what is said of fields that are empty on the key: nothing, or null")
            .choices(["leave", "null"])
            .default("leave"),
        )
        .option("--dry-run", "print what would be written; write nothing"),
    run: async (io, { flags }) =>
      (await import("./import-keys.ts")).importKeys(io, flags satisfies ImportFlags),
  },
  {
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
      (await import("./explain.ts")).explain(io, args[0] ?? "", flags satisfies ExplainFlags),
  },
  {
    name: "audit",
    does: "which live keys a policy governs and which none does, the most powerful first; what guardrails find",
    examples: ["keysteward audit", "keysteward audit --type organisation-service --format json"],
    exits: "0, 3 a live key is what a guardrail forbids, or policies not valid",
    common: "all",
    configure: (command) => void addKeyFilterFlags(command),
    run: async (io, { flags }) => (await import("./audit.ts")).audit(io, flags satisfies AuditFlags),
  },
  {
    name: "forget",
    does: "give up what the ledger knows of a key that no policy covers any more",
    examples: ["keysteward forget f47ac10b-58cc-4372-a567-0e02b2c3d479", "keysteward forget --all-orphaned"],
    exits: "0 forgotten, 4 no such key or the state is in use, 6 refused: nothing was forgotten",
    common: "all",
    configure: (command) =>
      void command
        .addArgument(new Argument("[key]", "the key's id, or a name that it alone has"))
        .option("--all-orphaned", "every key that no policy covers any more; asks first on a terminal")
        .option("--yes", "forget what is listed, without asking"),
    run: async (io, { args, flags }) =>
      (await import("./forget.ts")).forget(io, args[0], flags satisfies ForgetFlags),
  },
  {
    name: "schema",
    does: "print a JSON Schema",
    examples: ["keysteward schema policy > schema/policy.schema.json"],
    exits: "0",
    common: "none",
    configure: (command) =>
      void command.addArgument(
        new Argument("[name]", "which one").choices(schemaNames).default("policy" satisfies SchemaName),
      ),
    run: async (io, { args }) => (await import("./schema.ts")).schema(io, args[0] as SchemaName),
  },
  {
    name: "demo",
    does: "the main job against the built-in simulator; no account needed",
    examples: ["keysteward demo"],
    exits: "0",
    common: "color",
    run: async (io, { flags }) => (await import("./demo.ts")).demo(io, flags),
  },
];
