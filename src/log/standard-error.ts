import { writeSync } from "node:fs";

const pauseMs = 10;
const longestPauses = 100;

/**
 * Writes to a file descriptor at once, whatever happens to it. A reader that is slow is waited for, a second at most,
 * and then loses lines until it reads again; a reader that is gone costs the lines and nothing else.
 */
export function createDescriptorWriter(descriptor: number): { write(text: string): void } {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let gone = false;
  let patience = longestPauses;
  let broken = false;

  function writeAll(text: string): void {
    let rest = Buffer.from(broken ? `\n${text}` : text);
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(descriptor, rest));
        patience = longestPauses;
        broken = false;
      } catch (error) {
        if (!isBusy(error) || patience === 0) {
          gone = !isBusy(error);
          broken = true;
          return;
        }
        patience -= 1;
        Atomics.wait(pause, 0, 0, pauseMs);
      }
    }
  }

  return {
    write(text) {
      if (!gone) {
        writeAll(text);
      }
    },
  };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EAGAIN" || error.code === "EBUSY");
}
