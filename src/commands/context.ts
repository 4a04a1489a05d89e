import { loadConfig, type Config } from "../config.ts";
import { AppError, messageOf } from "../errors.ts";
import { paintFor, type Paint } from "../render/color.ts";
import { printableLines } from "../render/human-problems.ts";

/** Exit codes, the same for every command. */
export const exits = {
  ok: 0,
  defect: 1,
  /** There is something to do, or not everything is in sync. */
  changes: 2,
  /** The policies have errors. */
  invalid: 3,
  /** Cannot start, and trying again cannot help. */
  start: 4,
  /** Some changes failed. */
  failed: 5,
  /** The plan is not carried out without an approval. */
  held: 6,
  /** The audit trail is not what was written. */
  broken: 7,
} as const;

/** The process as a command sees it. */
export interface Io {
  /** Cleans what is written of secrets; knows them as soon as one was read. */
  clean: (text: string) => string;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdin: { readonly isTTY?: boolean };
  readonly stdout: { readonly isTTY?: boolean; write(text: string): unknown };
  readonly stderr: { readonly isTTY?: boolean; write(text: string): unknown };
}

/** `github`: commands of a workflow, or Markdown where a plan is shown. `sarif`, `junit`: for scanners and build servers. */
export type Format = "human" | "json" | "github" | "sarif" | "junit";

/** The flags that commands have in common, as commander hands them over. */
export interface CommonFlags {
  readonly policies?: string;
  readonly state?: string;
  readonly config?: string;
  readonly baseUrl?: string;
  readonly logLevel?: string;
  readonly format?: Format;
  readonly color?: boolean;
}

/** What a command runs with. */
export interface Context {
  readonly io: Io;
  readonly config: Config;
  readonly format: Format;
  readonly paint: Paint;
  /** Writes the result to standard output. */
  readonly print: (text: string) => void;
}

/** Throws CONFIG_INVALID with every fault of the configuration at once. */
export function createContext(io: Io, flags: CommonFlags): Context {
  const config = loadConfig({ flags: configFlags(flags), env: io.env, cwd: io.cwd });
  return {
    io,
    config,
    format: flags.format ?? "human",
    paint: paintFor({ isTty: io.stdout.isTTY === true, off: flags.color === false, env: io.env }),
    print: (text) => void io.stdout.write(io.clean(text)),
  };
}

/** Stops a command that was asked to stop: the first signal aborts, the second ends the process at once. */
export function stopOnSignal(): { readonly signal: AbortSignal; release(): void } {
  const stop = new AbortController();
  const names = ["SIGINT", "SIGTERM"] as const;
  const release = (): void => names.forEach((name) => process.removeListener(name, onSignal));
  function onSignal(name: NodeJS.Signals): void {
    if (stop.signal.aborted) {
      release();
      process.kill(process.pid, name);
      return;
    }
    stop.abort(new AppError("STOPPED", `stopped by ${name} before the end`));
  }
  for (const name of names) process.on(name, onSignal);
  return { signal: stop.signal, release };
}

/** The result of what may wait by the clock alone, whose sleeps do not keep the process alive. */
export async function keptAlive<T>(work: Promise<T>): Promise<T> {
  const alive = setInterval(() => undefined, 2 ** 31 - 1);
  try {
    return await work;
  } finally {
    clearInterval(alive);
  }
}

function configFlags({
  format: _format,
  color: _color,
  ...flags
}: CommonFlags): Omit<CommonFlags, "format" | "color"> {
  return flags;
}

/** A failure for people: what, and what to do. */
export function errorText(error: unknown): string {
  const hint = error instanceof AppError && error.hint !== undefined ? `  ${error.hint}\n` : "";
  return printableLines(`keysteward: ${messageOf(error)}\n${hint}`);
}
