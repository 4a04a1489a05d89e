#!/usr/bin/env node
/*
 * argv -> command -> exit code. The only reader of argv and the only setter of the exit code; what commands there are
 * stands in commands/catalogue.ts.
 */
import { Command, CommanderError, Option } from "commander";
import { catalogue } from "./commands/catalogue.ts";
import type { CommandEntry } from "./commands/command-entry.ts";
import { errorText, exits, type CommonFlags, type Io } from "./commands/context.ts";
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
  for (const entry of catalogue) {
    const command = addCommand(root, entry);
    command.action(async () => {
      done(
        await entry.run(io, { args: command.processedArgs as string[], flags: command.opts<CommonFlags>() }),
      );
    });
  }
  return root;
}

function addCommand(root: Command, entry: CommandEntry): Command {
  const command = root.command(entry.name).description(entry.does);
  if (entry.common === "all") {
    command
      .option("--policies <dir>", "the policy directory (default: policies)")
      .option("--state <url>", "the state, such as sqlite:/var/lib/keysteward/state.db")
      .option("--config <file>", "the configuration file (default: keysteward.yaml where there is one)")
      .option("--base-url <url>", "Portkey's admin API, with its prefix")
      .addOption(
        new Option("--format <format>", "the form of the result")
          .choices(entry.formats ?? ["human", "json"])
          .default("human"),
      )
      .option("--log-level <level>", "what is logged to standard error");
  }
  if (entry.common !== "none") command.option("--no-color", "no colours");
  entry.configure?.(command);
  return command.addHelpText("after", help(entry));
}

function help({ examples, exits: codes }: CommandEntry): string {
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
