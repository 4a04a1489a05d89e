/*
 * The one place that starts git. A checkout is data that others wrote, its `.git/config` possibly too, and asking it a
 * question must start nothing of theirs:
 *
 *   what could start a program, or lead elsewhere       how it is kept from it
 *   a shell                                             there is none; revisions are object ids, paths come after --
 *   variables of ours: GIT_DIR, GIT_SSH, GIT_CONFIG_…    the child gets a handful of variables, none of them GIT_… of ours
 *   the admin key                                       it is not among them
 *   `git` beside the policies                           PATH without what is not absolute
 *   core.fsmonitor, hooks, filters                      switched off; nothing is asked that reads the index or the files
 *   a pager, gpg, textconv, external diffs              switched off
 *   fetching what a partial clone lacks                 no protocol is allowed
 *   replaced objects, grafts: another history           switched off
 *
 * Whose checkout git trusts stays git's to say: its own check of the owner is left as it is, with the configuration of
 * the user and the machine.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { delimiter, isAbsolute } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Why git gave no answer, in its own words where it had any. */
export class GitFailure extends Error {
  override readonly name = "GitFailure";
}

export interface Git {
  /**
   * What the command says, as text, when it is given `input`. Throws a GitFailure for everything else: no git, another exit
   * code, too slow, too long.
   */
  run(directory: string, args: readonly string[], input?: string): Promise<string>;
  /** Ends what still runs. */
  stop(): void;
}

export interface GitOptions {
  readonly env: Environment;
  readonly timeoutMs: number;
}

/** No answer of a sound checkout is longer, and none is kept that is. */
const longestAnswer = 64 * 1024 * 1024;

const settings = [
  "core.fsmonitor=false",
  "core.hooksPath=/dev/null",
  "core.pager=cat",
  "diff.external=",
  "log.showSignature=false",
  "log.showRoot=true",
].flatMap((setting) => ["-c", setting]);

export function createGit({ env, timeoutMs }: GitOptions): Git {
  const running = new Set<ChildProcess>();
  const childEnv = environmentFor(env);

  function run(directory: string, args: readonly string[], input = ""): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn("git", ["--no-pager", ...settings, ...args], {
        cwd: directory,
        env: childEnv,
        stdio: ["pipe", "pipe", "pipe"],
        timeout: timeoutMs,
        killSignal: "SIGKILL",
      });
      running.add(child);
      const pieces: string[] = [];
      let length = 0;
      let said = "";
      // A git that ends before it has read everything says why.
      child.stdin.on("error", () => undefined).end(input);
      child.stdout.setEncoding("utf8").on("data", (piece: string) => {
        length += piece.length;
        if (length > longestAnswer) child.kill("SIGKILL");
        else pieces.push(piece);
      });
      child.stderr.setEncoding("utf8").on("data", (piece: string) => {
        if (said.length < 2_000) said += piece;
      });
      child.on("error", (error: NodeJS.ErrnoException) => {
        running.delete(child);
        reject(new GitFailure(error.code === "ENOENT" ? "there is no git to ask" : error.message));
      });
      child.on("close", (code, signal) => {
        running.delete(child);
        if (code === 0) resolve(pieces.join(""));
        else reject(new GitFailure(reasonOf(said, signal)));
      });
    });
  }

  return {
    run,
    stop: () => running.forEach((child) => child.kill("SIGKILL")),
  };
}

function reasonOf(said: string, signal: NodeJS.Signals | null): string {
  const line = said.split("\n").find((text) => text.startsWith("fatal: ")) ?? said.split("\n")[0] ?? "";
  return signal === null ? line.replace("fatal: ", "") : "git took too long or said too much";
}

function environmentFor(env: Environment): Record<string, string> {
  const path = (env["PATH"] ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  const kept = ["HOME", "XDG_CONFIG_HOME"].flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(kept),
    PATH: path.join(delimiter),
    LC_ALL: "C",
    GIT_ALLOW_PROTOCOL: "none",
    GIT_GRAFT_FILE: "/dev/null",
    GIT_LITERAL_PATHSPECS: "1",
    GIT_NO_LAZY_FETCH: "1",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
  };
}
