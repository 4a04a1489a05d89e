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

/** Rings at the times of a cron expression. A tick that comes while the last one still waits is not a second one. */
export function createSchedule(options: ScheduleOptions): Bell {
  let task: ScheduledTask | null = null;
  return {
    start(ring) {
      task = schedule(options.cron, ring, {
        timezone: options.timezone,
        noOverlap: true,
        ...(options.jitterMs === 0 ? {} : { maxRandomDelay: options.jitterMs }),
      });
      return Promise.resolve();
    },
    async stop() {
      await task?.destroy();
      task = null;
    },
  };
}
