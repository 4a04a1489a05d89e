import type { Io } from "./context.ts";

export interface Progress {
  readonly step: () => void;
  readonly end: () => void;
}

const quietMs = 1_000;
const redrawMs = 100;

/** A line on a terminal that counts what is done, once it has taken longer than a second. */
export function showProgress(io: Io, total: number, what = "changes sent"): Progress {
  const startedAt = performance.now();
  let done = 0;
  let drawnAt = 0;
  if (io.stderr.isTTY !== true || total === 0) return { step: () => undefined, end: () => undefined };
  return {
    step() {
      done += 1;
      const now = performance.now();
      if (now - startedAt < quietMs || now - drawnAt < redrawMs) return;
      drawnAt = now;
      io.stderr.write(`\r${done} of ${total} ${what}\u001b[K`);
    },
    end() {
      if (drawnAt > 0) io.stderr.write("\r\u001b[K");
    },
  };
}
