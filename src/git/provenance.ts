/*
 * Where policies come from, asked of git when a change is sent. What it answers explains a write and must not hold one up:
 *
 *   git is well                         a few processes for what is checked out, whatever the number of changes
 *   it is slow                          it is waited for once; while it is slow, hardly at all, until it has answered
 *   it fails, or there is none          nobody asks again for a while, or until something else is checked out
 *   there is no checkout                the same; that is a way to publish policies like any other
 *
 * Whether a file is as committed is found by hashing it as git does, without git: asking git would run the filters that
 * a checkout's configuration names.
 */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { readFile, realpath } from "node:fs/promises";
import { relative } from "node:path";
import type { Clock, Origin, Provenance } from "../ports.ts";
import { findCheckout, signatureOf, takeSnapshot, type Checkout, type Snapshot } from "./checkout.ts";
import { createFileHistory, type FileHistory } from "./file-history.ts";
import { createGit, GitFailure, type Environment } from "./run-git.ts";

export interface ProvenanceOptions {
  /** The policy directory as the user named it. */
  readonly directory: string;
  readonly env: Environment;
  readonly clock: Clock;
  /** Told once why commits are not known, until they are again. `isUsual`: there simply is no checkout. */
  readonly onUnknown: (reason: string, isUsual: boolean) => void;
  /** How long a change waits for git; milliseconds. */
  readonly patienceMs?: number;
  /** When a git that does not end is ended; milliseconds. */
  readonly timeoutMs?: number;
}

/** What is known of a directory, as it is checked out now. */
interface Known {
  readonly realDirectory: string;
  readonly checkout: Checkout;
  readonly signature: string;
  readonly snapshot: Snapshot;
  readonly history: FileHistory;
}

/** After a failure nobody asks again for so long, unless something else is checked out. */
const failureMs = 300_000;

/** How long a change waits while an answer is late already. */
const impatienceMs = 20;

export function createProvenance(options: ProvenanceOptions): Provenance & { stop(): void } {
  const { directory, clock, patienceMs = 2_000, timeoutMs = 10_000 } = options;
  const git = createGit({ env: options.env, timeoutMs });
  let known: Known | undefined;
  let looking: Promise<Known> | undefined;
  let failed: { readonly where: string; readonly until: number } | undefined;
  const told = new Set<string>();
  /** Answers that changes did not wait for, and that are still to come. */
  let late = 0;

  async function present(): Promise<Known> {
    const realDirectory = realpathSync(directory);
    if (looking === undefined && known !== undefined) {
      if (known.signature === signatureAt(realDirectory, known)) return known;
    }
    looking ??= look(realDirectory).finally(() => (looking = undefined));
    known = await looking;
    if (failed !== undefined) told.clear();
    failed = undefined;
    return known;
  }

  async function look(realDirectory: string): Promise<Known> {
    const same = known?.realDirectory === realDirectory ? known : undefined;
    const checkout = same?.checkout ?? (await findCheckout(git, realDirectory));
    // Before git is asked: what changes meanwhile shows the next time.
    const signature = signatureOf(checkout);
    const snapshot = await takeSnapshot(git, checkout, same?.snapshot);
    const history = same?.snapshot === snapshot ? same.history : createFileHistory(git, checkout, snapshot);
    return { realDirectory, checkout, signature, snapshot, history };
  }

  async function ask(file: string): Promise<Origin | undefined> {
    const { checkout, snapshot, history } = await present();
    const path = await realpath(file);
    const inside = relative(checkout.root, path);
    const blob = snapshot.blobs.get(inside);
    const commit = await history.commitOf(inside);
    if (blob === undefined || commit === undefined) return undefined;
    const { id, author, committedAt } = commit;
    if (snapshot.shallow.has(id)) {
      tell("the clone is shallow and ends before their commits");
      return undefined;
    }
    return { commit: id, author, committedAt, uncommitted: !isBlob(await readFile(path), blob) };
  }

  async function askSafely(file: string): Promise<Origin | undefined> {
    const where = whereabouts(directory, known);
    if (failed?.where === where && clock.now() < failed.until) return undefined;
    try {
      return await ask(file);
    } catch (error) {
      if (!(error instanceof GitFailure)) return undefined;
      failed = { where, until: clock.now() + failureMs };
      tell(error.message);
      return undefined;
    }
  }

  function tell(reason: string): void {
    if (!told.has(reason)) options.onUnknown(reason, reason.includes("not a git repository"));
    told.add(reason);
  }

  return {
    of(file) {
      const answer = askSafely(file);
      const waiting = new AbortController();
      const patience = clock.sleep(late > 0 ? impatienceMs : patienceMs, waiting.signal);
      return new Promise((resolve) => {
        const giveUp = (): void => {
          late += 1;
          void answer.finally(() => (late -= 1));
          tell("git is slow");
          resolve(undefined);
        };
        // An answer ends the wait, and what then comes of it is nobody's concern.
        patience.then(giveUp, () => undefined);
        void answer.then((origin) => {
          waiting.abort();
          resolve(origin);
        });
      });
    },
    stop: () => git.stop(),
  };
}

/** What tells one checkout from another, as far as they are known. */
function whereabouts(directory: string, known: Known | undefined): string {
  try {
    const realDirectory = realpathSync(directory);
    return `${realDirectory}\n${signatureAt(realDirectory, known) ?? ""}`;
  } catch {
    return "";
  }
}

function signatureAt(realDirectory: string, known: Known | undefined): string | undefined {
  return known?.realDirectory === realDirectory ? signatureOf(known.checkout) : undefined;
}

/** Whether git would store the content under this id; line ends that a checkout makes its own are no difference. */
function isBlob(content: Buffer, id: string): boolean {
  if (blobId(content, id.length) === id) return true;
  const text = content.toString("latin1");
  return (
    text.includes("\r\n") && blobId(Buffer.from(text.replaceAll("\r\n", "\n"), "latin1"), id.length) === id
  );
}

/** Git names objects by SHA-1, or by SHA-256 where a repository was made so. */
function blobId(content: Buffer, digits: number): string {
  const hash = createHash(digits === 40 ? "sha1" : "sha256");
  return hash.update(`blob ${content.length}\0`).update(content).digest("hex");
}
