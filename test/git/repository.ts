import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** A directory that is gone when the test is over; its path has no links in it. */
export function temporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "keysteward-git-")));
  onTestFinished(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/** A real repository, made by git without the configuration of the machine. */
export class Repository {
  readonly root: string;
  #minute = 0;

  constructor(root = temporaryDirectory()) {
    this.root = root;
    this.git("init", "-q");
  }

  path(file: string): string {
    return join(this.root, file);
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), text);
  }

  /** Writes files and commits everything; gives the commit. Each is a minute after the last. */
  commit(author: string, files: Readonly<Record<string, string>> = {}): string {
    for (const [file, text] of Object.entries(files)) this.write(file, text);
    this.git("add", "-A");
    this.git("commit", "-q", "--allow-empty", "-m", "a change", `--author=${author} <${author}@example.com>`);
    return this.head();
  }

  /** Joins another branch; a merge that git cannot make by itself takes these files. */
  merge(branch: string, files: Readonly<Record<string, string>> = {}): string {
    this.git("merge", "-q", "--no-ff", "--no-commit", "-s", "ours", branch);
    return this.commit("merger", files);
  }

  head(): string {
    return this.git("rev-parse", "HEAD").trim();
  }

  git(...args: readonly string[]): string {
    this.#minute += 1;
    const date = new Date(Date.UTC(2026, 0, 1, 0, this.#minute)).toISOString();
    return execFileSync("git", ["-c", "init.defaultBranch=main", "-c", "core.fsync=none", ...args], {
      cwd: this.root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: {
        ...process.env,
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_DATE: date,
        GIT_COMMITTER_NAME: "committer",
        GIT_COMMITTER_EMAIL: "committer@example.com",
      },
    });
  }
}
