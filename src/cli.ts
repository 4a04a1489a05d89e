#!/usr/bin/env node
/*
 * argv -> command -> exit code. The only reader of argv and the only setter of the exit code. A command is loaded when
 * it is run: checking a file should not wait for a database driver, nor a daemon carry the demo.
 */
import { Argument, Command, CommanderError, Option } from "commander";
import type { ApplyFlags } from "./commands/apply.ts";
import { errorText, exits, type CommonFlags, type Io } from "./commands/context.ts";
import { schemaNames, type SchemaName } from "./commands/schema.ts";
import { RemoteError } from "./core/remote-error.ts";
import { AppError } from "./errors.ts";
import { version } from "./version.ts";

const io: Io = {
  clean: (text) => text,
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
};

function program(done: (exitCode: number) => void): Command {
  const root = new Command("keysteward")
    .description("Keeps Portkey API keys as the policies in a directory say.")
    .version(version)
    .showHelpAfterError("(keysteward --help shows the commands)")
    .exitOverride();

  command(root, "validate", {
    does: "check the policies, offline",
    examples: ["keysteward validate", "keysteward validate --policies ./policies --format json"],
    exits: "0 valid, 3 not valid",
  }).action(async (flags: CommonFlags) => {
    const { validate } = await import("./commands/validate.ts");
    done(await validate(io, flags));
  });

  command(root, "plan", {
    does: "show what would be written and why; writes nothing",
    examples: ["keysteward plan", "keysteward plan --format json > plan.json"],
    exits: "0 nothing to change, 2 changes, 3 policies not valid, 6 held",
  }).action(async (flags: CommonFlags) => {
    const { plan } = await import("./commands/plan.ts");
    done(await plan(io, flags));
  });

  command(root, "apply", {
    does: "one reconcile pass: plan, then push; asks first on a terminal",
    examples: [
      "keysteward apply --yes",
      "keysteward apply --expect 1f0c6a2b9d3e4f50",
      "keysteward apply --keep-going",
    ],
    exits: "0 done, 3 policies not valid, 5 some changes failed, 6 held",
  })
    .option("--yes", "take the plan as it is, without asking")
    .option("--keep-going", "go on with what is sound although some policies have errors")
    .option("--expect <digest>", "insist on the plan with this digest, as `plan` printed it")
    .action(async (flags: ApplyFlags) => {
      const { apply } = await import("./commands/apply.ts");
      done(await apply(io, flags));
    });

  command(root, "daemon", {
    does: "watch, apply edits, reconcile on schedule, until told to stop",
    examples: [
      "keysteward daemon",
      "keysteward daemon --policies /srv/policies --state sqlite:/var/lib/keysteward/state.db",
    ],
    exits: "0 stopped cleanly, 4 cannot start",
  }).action(async (flags: CommonFlags) => {
    const { daemon } = await import("./commands/daemon.ts");
    done(await daemon(io, flags));
  });

  command(root, "status", {
    does: "how things stood at the end of the last pass, as the state knows it",
    examples: ["keysteward status", "keysteward status --format json"],
    exits: "0 all in sync, 2 not",
  }).action(async (flags: CommonFlags) => {
    const { status } = await import("./commands/status.ts");
    done(await status(io, flags));
  });

  root
    .command("schema")
    .description("print a JSON Schema")
    .addArgument(new Argument("[name]", "which one").choices(schemaNames).default("policy"))
    .addHelpText(
      "after",
      help({ does: "", examples: ["keysteward schema > policy.schema.json"], exits: "0" }),
    )
    .action(async (name: SchemaName) => {
      const { schema } = await import("./commands/schema.ts");
      done(await schema(io, name));
    });

  root
    .command("demo")
    .description("the main job against the built-in simulator; no account needed")
    .option("--no-color", "no colours")
    .addHelpText("after", help({ does: "", examples: ["keysteward demo"], exits: "0" }))
    .action(async (flags: { readonly color?: boolean }) => {
      const { demo } = await import("./commands/demo.ts");
      done(await demo(io, flags));
    });

  return root;
}

interface Described {
  readonly does: string;
  readonly examples: readonly string[];
  readonly exits: string;
}

function command(root: Command, name: string, described: Described): Command {
  return root
    .command(name)
    .description(described.does)
    .option("--policies <dir>", "the policy directory (default: policies)")
    .option("--state <url>", "the state, such as sqlite:/var/lib/keysteward/state.db")
    .option("--config <file>", "the configuration file (default: keysteward.yaml where there is one)")
    .option("--base-url <url>", "Portkey's admin API, with its prefix")
    .addOption(
      new Option("--format <format>", "the form of the result").choices(["human", "json"]).default("human"),
    )
    .option("--log-level <level>", "what is logged to standard error")
    .option("--no-color", "no colours")
    .addHelpText("after", help(described));
}

function help({ examples, exits: codes }: Described): string {
  return `\nExamples:\n${examples.map((example) => `  $ ${example}\n`).join("")}\nExit codes: ${codes}`;
}

/** The exit code that a failure asks for. Whatever was not foreseen is a defect of ours, and says so. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exits.ok : exits.start;
  if (error instanceof RemoteError) {
    const { consequence } = error.failure;
    return consequence === "auth" || consequence === "misdirected" ? exits.start : exits.failed;
  }
  return error instanceof AppError ? error.exitCode : exits.defect;
}

/** A reader that has gone is no reason to stop in the middle of a push; any other failure is told and remembered. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") return;
  process.exitCode = exits.failed;
  io.stderr.write(`keysteward: the result could not be written: ${error.message}\n`);
}

async function main(): Promise<void> {
  process.stdout.on("error", onOutputError);
  process.stderr.on("error", () => undefined);
  try {
    await program((exitCode) => (process.exitCode ??= exitCode)).parseAsync();
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    if (error instanceof CommanderError) return;
    const defect = process.exitCode === exits.defect;
    io.stderr.write(io.clean(errorText(error)));
    if (defect && error instanceof Error)
      io.stderr.write(`This is a defect of keysteward. ${error.stack ?? ""}\n`);
  }
}

await main();
