import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Io } from "../../src/commands/context.ts";
import { showProgress } from "../../src/commands/progress.ts";

let time: number;
let written: string[];

beforeEach(() => {
  time = 5_000;
  written = [];
  vi.spyOn(performance, "now").mockImplementation(() => time);
});

afterEach(() => {
  vi.restoreAllMocks();
});

function io(isTTY: boolean): Io {
  return {
    clean: (text) => text,
    env: {},
    cwd: ".",
    stdin: {},
    stdout: {
      write() {
        throw new Error("standard output carries the result and nothing else");
      },
    },
    stderr: { isTTY, write: (text) => written.push(text) },
  };
}

test("what is quick is not shown", () => {
  const progress = showProgress(io(true), 3);
  for (const after of [10, 500, 999]) {
    time = 5_000 + after;
    progress.step();
  }
  progress.end();
  expect(written).toEqual([]);
});

test("what takes longer than a second is counted on one line, ten times a second at most, and wiped away", () => {
  const progress = showProgress(io(true), 100);
  for (const after of [400, 1_000, 1_050, 1_099, 1_100, 1_250]) {
    time = 5_000 + after;
    progress.step();
  }
  progress.end();
  expect(written).toEqual([
    "\r2 of 100 changes sent\u001b[K",
    "\r5 of 100 changes sent\u001b[K",
    "\r6 of 100 changes sent\u001b[K",
    "\r\u001b[K",
  ]);
});

test("where there is no terminal, or nothing to do, nothing is written", () => {
  for (const progress of [showProgress(io(false), 5), showProgress(io(true), 0)]) {
    time += 10_000;
    progress.step();
    progress.end();
  }
  expect(written).toEqual([]);
});
