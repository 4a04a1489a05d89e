import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The built program. */
export const cli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

/** A program of the benchmark: plain JavaScript, so that it runs without anything in between. */
export function program(name: string): string {
  return fileURLToPath(new URL(`../programs/${name}.mjs`, import.meta.url));
}

/** The environment without what would configure the program or a Node below it. */
export function bareEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(KEYSTEWARD_|PORTKEY_|NODE_|NOTIFY_SOCKET|STATE_DIRECTORY|TSX_|(HTTPS?|NO)_PROXY)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

export interface Ended {
  readonly ms: number;
  readonly stdout: string;
}

/** Runs Node to its end; throws unless it ends with 0. */
export async function runNode(
  args: readonly string[],
  { env = bareEnvironment() }: { readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  const from = performance.now();
  const child = spawn(process.execPath, args, {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, "close")) as [number | null];
  const elapsed = performance.now() - from;
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code ?? "a signal"}`);
  return { ms: elapsed, stdout: Buffer.concat(chunks).toString() };
}

/** A program that is spoken to. It ends when `stop` is called, or with this process. */
export interface Partner {
  /** Sends a message, unless it is undefined, and waits for the answer. One question at a time. */
  ask(message?: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts a program; messages of the shape `{ event }` are no answers and go to `onEvent`. */
export function startPartner(
  name: string,
  args: readonly string[],
  onEvent: (event: unknown) => void = () => undefined,
): Partner {
  const child: ChildProcess = fork(program(name), args, { env: bareEnvironment(), execArgv: [] });
  const ended = once(child, "exit");
  const answers: unknown[] = [];
  let wake: () => void = () => undefined;
  child.on("message", (message: unknown) => {
    if (typeof message === "object" && message !== null && "event" in message) onEvent(message.event);
    else {
      answers.push(message);
      wake();
    }
  });
  child.on("exit", () => wake());
  return {
    async ask(message) {
      if (message !== undefined) child.send(message);
      while (answers.length === 0) {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} has ended`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
      return answers.shift();
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
