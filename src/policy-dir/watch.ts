import { watch as chokidarWatch, type FSWatcher } from "chokidar";
import type { Bell, Clock } from "../ports.ts";
import { checkoutVersion } from "./checkout.ts";
import type { Handover } from "./handover.ts";
import { judgeEvent, lookAround, looksTheSame, type Surroundings } from "./surroundings.ts";

/*
 * Rings after the policy directory may have changed.
 *
 * File events are a hint, never a state: they come late, twice, in the wrong order, and not at all once the watched
 * directory was removed and made again, swapped by rename, or is reached through a link that now points elsewhere. So:
 *
 *   event in the directory            armed for debounceMs by the first event, then a ring; later ones ring again
 *   link, parent, root replaced       the same, and everything is watched anew
 *   git's own directory               a look: rings when a checkout began or ended
 *   every pollMs                      a look: rings when any file, link, directory or checkout differs
 *
 * Only directories are watched, a watch each: events of the files in them arrive as raw events, where watching files
 * would take a watch, and 15 KB, for each of them. After arming there is another look, for what happened meanwhile.
 * What a look finds is what was there before the ring, so that a change after it is found by the next look.
 */

/** A watcher is ready within milliseconds; should it never be, the looks go on without it. */
const readyMs = 10_000;

export interface WatchOptions {
  readonly directory: string;
  /** Milliseconds from the first event to the ring. */
  readonly debounceMs: number;
  /** Milliseconds between looks. */
  readonly pollMs: number;
  readonly clock: Clock;
  /** Told of the first failure to watch (too many watches, say); the looks go on, and find what events do not tell. */
  readonly onError: (error: unknown) => void;
  /** Given what a look found just before it rings. */
  readonly handover?: Handover;
}

export function createWatch(options: WatchOptions): Bell {
  let running: Watch | undefined;
  return {
    async start(ring) {
      running = new Watch(options, ring);
      await running.start();
    },
    async stop() {
      await running?.stop();
    },
  };
}

class Watch {
  readonly #options: WatchOptions;
  readonly #ring: () => void;
  readonly #stopping = new AbortController();
  #around: Surroundings;
  #watcher: FSWatcher | undefined;
  /** A look is due after debounceMs. */
  #armed = false;
  #certain = false;
  #replaced = false;
  #complained = false;
  /** One look at a time. */
  #looking: Promise<void> = Promise.resolve();
  #polling: Promise<void> = Promise.resolve();

  constructor(options: WatchOptions, ring: () => void) {
    this.#options = options;
    this.#ring = ring;
    this.#around = lookAround(options.directory);
  }

  async start(): Promise<void> {
    this.#looking = this.#watchAnew();
    await this.#looking;
    this.#polling = this.#poll();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#polling, this.#looking]);
    await this.#watcher?.close();
  }

  async #poll(): Promise<void> {
    while (await this.#sleep(this.#options.pollMs)) {
      await this.#look();
    }
  }

  #hear(watched: string, name: string | null): void {
    const hint = judgeEvent(this.#around, watched, name);
    if (hint !== "nothing") {
      this.#arm({ certain: hint !== "look", replaced: hint === "replaced" });
    }
  }

  /** The first one counts: later ones neither put the ring off nor ring by themselves. */
  #arm(reason: { readonly certain: boolean; readonly replaced: boolean }): void {
    this.#certain ||= reason.certain;
    this.#replaced ||= reason.replaced;
    if (!this.#armed) {
      this.#armed = true;
      void this.#lookLater();
    }
  }

  async #lookLater(): Promise<void> {
    if (await this.#sleep(this.#options.debounceMs)) {
      await this.#look();
    }
  }

  #look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookNow());
    return this.#looking;
  }

  async #lookNow(): Promise<void> {
    if (this.#stopping.signal.aborted) {
      return;
    }
    const certain = this.#certain;
    const replaced = this.#replaced;
    this.#armed = false;
    this.#certain = false;
    this.#replaced = false;
    const before = this.#around;
    const checkout = before.gitDirectory === undefined ? undefined : checkoutVersion(before.gitDirectory);
    this.#around = lookAround(this.#options.directory);
    if (certain || !looksTheSame(before, this.#around)) {
      this.#options.handover?.offer(this.#around.listing, checkout);
      this.#ring();
    }
    if (replaced || before.shape !== this.#around.shape) {
      await this.#watchAnew();
    }
  }

  /** Watches what is there now, and looks again at what may have happened while no one was watching. */
  async #watchAnew(): Promise<void> {
    const { signal } = this.#stopping;
    await this.#watcher?.close();
    if (signal.aborted) {
      return;
    }
    const around = this.#around;
    this.#watcher = chokidarWatch([...around.watched], {
      // Each directory by itself, and nothing in it: what is not in the set is ignored, links are left to the signposts.
      depth: 0,
      followSymlinks: false,
      ignoreInitial: true,
      ignored: (path) => !around.watched.has(path),
    });
    this.#watcher.on("raw", (_event, name, details) => {
      this.#hear((details as { readonly watchedPath: string }).watchedPath, name);
    });
    this.#watcher.on("error", (error) => {
      this.#complain(error);
    });
    await this.#untilReady(this.#watcher);
    this.#around = lookAround(this.#options.directory);
    if (!looksTheSame(around, this.#around)) {
      this.#arm({ certain: true, replaced: around.shape !== this.#around.shape });
    }
  }

  /** Also waits when it is to stop: closed before it is ready, the watcher would leave open what it is opening. */
  async #untilReady(watcher: FSWatcher): Promise<void> {
    const waited = new AbortController();
    const ready = new Promise<void>((resolve) => {
      watcher.once("ready", resolve);
    });
    const patience = this.#options.clock.sleep(readyMs, waited.signal).catch(() => undefined);
    await Promise.race([ready, patience]);
    waited.abort();
  }

  #complain(error: unknown): void {
    if (!this.#complained) {
      this.#complained = true;
      this.#options.onError(error);
    }
  }

  /** Sleeps; false when it was woken to stop. */
  async #sleep(ms: number): Promise<boolean> {
    const { signal } = this.#stopping;
    try {
      await this.#options.clock.sleep(ms, signal);
      return !signal.aborted;
    } catch (thrown) {
      if (signal.aborted) {
        return false;
      }
      throw thrown;
    }
  }
}
