import { expect, test } from "vitest";
import { controlHandlers } from "../../src/commands/control-handlers.ts";
import { createLog } from "../../src/log.ts";
import { pausedSince } from "../../src/reconcile/holding.ts";
import { now } from "../core/build.ts";
import { createRig } from "../reconcile/rig.ts";

test("to pause what is paused says, keeps and changes nothing, and it is paused since the first time", async () => {
  const rig = createRig({});
  const lines: string[] = [];
  const write = (text: string): void => void lines.push(text);
  const handlers = controlHandlers({
    ports: rig.ports,
    state: rig.state,
    clock: rig.ports.clock,
    settleMs: 0,
    pastOf: () => ({
      baseline: new Map(),
      confirmed: new Map(),
      writes: [],
      reach: null,
      timeOf: () => undefined,
    }),
    log: createLog({ level: "debug", secrets: [], pretty: false, destination: { write } }),
    schedule: {
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
      next: () => null,
      wasDue: () => false,
    },
    daemon: () => undefined,
    proofs: {
      pass: () => undefined,
      round: () => undefined,
      follow: () => ({ ended: () => Promise.resolve([]) }),
      stop: () => undefined,
    },
    withdraw: () => undefined,
  });
  for (const at of [now, now + 1_000]) {
    rig.setNow(at);
    expect(await handlers["pause"]?.({})).toEqual({ version: 1, paused: true });
  }
  expect(pausedSince(rig.state)).toBe(now);
  expect(rig.log).toEqual(["saveFact paused"]);
  expect(lines).toHaveLength(1);
});
