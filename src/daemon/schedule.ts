import { schedule, type ScheduledTask } from "node-cron";
import type { Bell } from "../ports.ts";

export interface ScheduleOptions {
  /** Five or six fields; checked when the configuration is read. */
  readonly cron: string;
  /** IANA name; checked when the configuration is read. */
  readonly timezone: string;
  /** Each ring comes this much later at most, at random, so that many daemons do not ring at once. Milliseconds. */
  readonly jitterMs: number;
}

/** node-cron writes to the console on its own; nothing that it has to say there is news. */
const silent = { info: ignore, warn: ignore, error: ignore, debug: ignore };

function ignore(): void {
  // Said to nobody.
}

/** Each costs some 30 µs. */
const mostSteps = 3_000;

export interface Schedule extends Bell {
  /** When it rings next, without the jitter; null when it is not started, or never does. */
  next(): Date | null;
  /**
   * Whether it was to ring after `since` and until `now`, without the jitter; both in milliseconds since the epoch. Also true
   * where that is too long ago to tell: more than 3,000 minutes, or seconds where the expression has a field for them.
   */
  wasDue(since: number, now: number): boolean;
}

/**
 * Rings at the times of a cron expression. A tick that comes while the last one still waits is not a second one. One
 * that comes late, because the process was busy or the machine asleep, rings late; several of them ring once.
 */
export function createSchedule(options: ScheduleOptions): Schedule {
  let task: ScheduledTask | null = null;
  return {
    start(ring) {
      const tick = (): void => {
        if (task !== null) ring();
      };
      task = schedule(options.cron, tick, {
        timezone: options.timezone,
        noOverlap: true,
        missedExecutionTolerance: Infinity,
        suppressMissedWarning: true,
        logger: silent,
        ...(options.jitterMs === 0 ? {} : { maxRandomDelay: options.jitterMs }),
      });
      return Promise.resolve();
    },
    next: () => task?.getNextRun() ?? null,
    wasDue(since, now) {
      const stepMs = options.cron.trim().split(/\s+/).length === 6 ? 1_000 : 60_000;
      const last = Math.floor(now / stepMs) * stepMs;
      for (let step = 0; step < mostSteps; step += 1) {
        const instant = last - step * stepMs;
        if (instant <= since) return false;
        if (task?.match(new Date(instant)) === true) return true;
      }
      return true;
    },
    async stop() {
      const stopping = task;
      task = null;
      await stopping?.destroy();
    },
  };
}
