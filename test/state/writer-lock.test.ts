import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { afterEach, describe, expect, it } from "vitest";

import type { AppError } from "../../src/errors.ts";
import { openState, readAudit, verifyAudit } from "../../src/state/open-state.ts";
import { loadDriver } from "../../src/state/sqlite-driver.ts";
import { auditOf, claimOf, keyA, thrownBy } from "./fixtures.ts";
import { useStates } from "./use-states.ts";

const states = useStates();
const program = fileURLToPath(new URL("writer-process.ts", import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** Starts a writer and reads what it says until `enough` says so; gives all that it said before it was killed. */
async function runUntilKilled(path: string, args: readonly number[], enough: (lines: number) => boolean) {
  const child = start(path, ...args.map(String));
  const exited = once(child, "exit");
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout! })) {
    said.push(line);
    if (enough(said.length)) child.kill("SIGKILL");
  }
  await exited;
  expect(child.signalCode).toBe("SIGKILL");
  return said;
}

function start(path: string, ...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ["--expose-gc", "--import", "tsx", program, path, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

describe("one writer at a time", () => {
  it("refuses a second one in the same process, and lets it in after closing", () => {
    const path = states.path();
    const first = states.open(path, "write", { lockOwner: "first" });
    const error = thrownBy(() => openState({ url: `sqlite:${path}`, mode: "write" })) as AppError;
    expect(error).toMatchObject({ code: "STATE_LOCKED", exitCode: 4 });
    first.claim(claimOf(keyA, [{ path: "name", value: "one" }]), auditOf(keyA, "claimed"));
    first.close();
    expect(states.open(path).applied().size).toBe(1);
  });

  it("names the holder to the second one, and is let go by kill -9", async () => {
    const path = states.path();
    const before = Date.now();
    const child = start(path, "hold");
    const [opened] = (await once(createInterface({ input: child.stdout! }), "line")) as [string];
    expect(opened).toBe("open");

    const error = thrownBy(() => openState({ url: `sqlite:${path}`, mode: "write" })) as AppError;
    expect(error).toMatchObject({ code: "STATE_LOCKED" });
    const said = /in use by process (\d+) \(writer hold, since (.+)\)\./.exec(error.message);
    expect(Number(said?.[1])).toBe(child.pid);
    expect(Date.parse(said?.[2] ?? "")).toBeGreaterThanOrEqual(before);
    expect(error.hint).toMatch(/keysteward sync --wait/);
    expect(states.open(path, "read").applied().size).toBe(0);

    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    expect(states.open(path).applied().size).toBe(0);
  });

  it("says so as well when the holder has not written its name yet", () => {
    const path = states.path();
    const lock = loadDriver().open(`${path}.lock`, { readOnly: false });
    lock.exec("BEGIN EXCLUSIVE");
    const error = thrownBy(() => openState({ url: `sqlite:${path}`, mode: "write" })) as AppError;
    expect(error).toMatchObject({ code: "STATE_LOCKED" });
    expect(error.message).toContain("another process");
    lock.close();
    states.open(path);
  });
});

describe("a writer killed at any moment", () => {
  it("loses nothing that it reported, leaves a sound file, and no lock", async () => {
    const path = states.path();
    const expected = new Map<string, { claimed: number; confirmed: number }>();
    let lines = 0;
    for (let round = 1; round <= 5; round++) {
      const enough = 2 + Math.floor(Math.random() * 300);
      const said = await runUntilKilled(path, [round * 1_000_000], (count) => count === enough);
      expect(said[0]).toBe("open");
      for (const line of said.slice(1)) {
        const [step, id = "", at = ""] = line.split(" ");
        const known = expected.get(id) ?? { claimed: 0, confirmed: 0 };
        expected.set(id, { ...known, [step as "claimed" | "confirmed"]: Number(at) });
      }
      lines += said.length - 1;

      // Open for writing: the lock is free, and the file passes the check.
      const state = states.open(path);
      // Killed between a step and its report, or before a report was read: later than reported, by one step at most.
      const trail = readAudit(`sqlite:${path}`, { limit: 1_000_000 });
      expect(trail.length - lines).toBeGreaterThanOrEqual(0);
      expect(trail.length - lines).toBeLessThanOrEqual(1);
      lines = trail.length;
      const last = trail[0]!;
      const known = expected.get(last.keyId) ?? { claimed: 0, confirmed: 0 };
      expected.set(last.keyId, { ...known, [last.event === "applied" ? "confirmed" : "claimed"]: last.at });

      expect(verifyAudit(`sqlite:${path}`)).toMatchObject({ lines, trimmed: null, broken: null });
      expect([...state.applied().keys()].sort()).toEqual([...expected.keys()].sort());
      for (const [id, { claimed, confirmed }] of expected) {
        const field = state.applied().get(id)?.fields.get("name");
        expect([id, field?.claimed?.at ?? confirmed]).toEqual([id, claimed]);
        expect([id, field?.confirmed?.at ?? 0]).toEqual([id, confirmed]);
      }
      state.close();
    }
    const db = loadDriver().open(path, { readOnly: true });
    expect(db.prepare("PRAGMA integrity_check").get()).toMatchObject({ integrity_check: "ok" });
    db.close();
  }, 120_000);

  it("leaves the chain whole, wherever it was, also while its front is taken off", async () => {
    const path = states.path();
    const most = 7;
    let told = 0;
    for (let round = 1; round <= 5; round++) {
      const enough = 2 + Math.floor(Math.random() * 200);
      const said = await runUntilKilled(path, [round * 1_000_000, most], (count) => count === enough);
      told += said.length - 1;
      const { lines, last, trimmed, broken } = verifyAudit(`sqlite:${path}`);
      expect(broken).toBeNull();
      expect(last?.seq).toBeGreaterThanOrEqual(told);
      expect(lines).toBe((last?.seq ?? 0) - (trimmed?.seq ?? 0));
      // Killed before it took off what it had just written: a claim, a confirmation.
      expect(lines).toBeLessThanOrEqual(most + 2);
      told = last?.seq ?? 0;
    }
  }, 120_000);
});
