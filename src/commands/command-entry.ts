import type { Command } from "commander";
import type { Format, Io } from "./context.ts";

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
