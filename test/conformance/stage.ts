/*
 * The program as its composition root assembles it (policy directory, resolver, HTTP client, throttle, SQLite) against
 * the simulator, in one process and with one clock that only the test moves. What each pass asked for is kept.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { assemble } from "../../src/assemble.ts";
import { loadConfig } from "../../src/config.ts";
import type { PassReport } from "../../src/core/outcome.ts";
import { explainKey, type Explanation } from "../../src/core/explain.ts";
import type { HistoryLine } from "../../src/core/history.ts";
import type { Notice, PassKind, Plan } from "../../src/core/plan.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import type { Problem } from "../../src/core/problem.ts";
import { nothingLive } from "../../src/core/resolve.ts";
import { createLog } from "../../src/log.ts";
import { createCredential } from "../../src/portkey/credential.ts";
import type { PassPorts } from "../../src/reconcile/pass.ts";
import { runPass } from "../../src/reconcile/pass.ts";
import { readBack, type KeyProof } from "../../src/reconcile/read-back.ts";
import { survey } from "../../src/reconcile/survey.ts";
import { readAudit } from "../../src/state/open-state.ts";
import type { Model } from "../../src/simulator/model.ts";
import { startSimulator, type Simulator } from "../../src/simulator/simulator.ts";
import type { StoredKey } from "../../src/simulator/stored-key.ts";
import { key } from "../simulator/support.ts";

const settleMs = 60_000;

/** The id of the n-th key; it has letters, which may be spelled in two ways. */
function idOf(n: number): string {
  return `abcdef00-0000-4000-8000-${String(n).padStart(12, "0")}`;
}

export interface StageParts {
  /** The keys, numbered from 1; one that has nothing set when left out. */
  readonly keys?: readonly Partial<StoredKey>[];
  readonly model?: Partial<Model>;
  readonly pageSize?: number;
}

/** One request, without the prefix: `PUT 1` for the first key, `GET` for the list. */
export interface Asked {
  readonly line: string;
  readonly body: unknown;
}

export interface Stage {
  readonly simulator: Simulator;
  readonly now: () => number;
  /** Lets time go by, for the simulator and for the program. */
  pass(ms: number): void;
  /** Writes the policy for the n-th key, the first unless told otherwise; as YAML when it is text. */
  want(block: JsonObject | string, n?: number, spelled?: (id: string) => string): void;
  /** Writes the file of the n-th policy as it is given; ID stands for the key's id. */
  write(text: string, n?: number): void;
  /** The policies' problems, without a look at the server. */
  problems(): readonly Problem[];
  /** The reading half alone. */
  plan(kind?: PassKind): Promise<Plan>;
  /** One `apply`, or an edit pass of the daemon: nothing is written when a policy has an error. */
  apply(kind?: PassKind): Promise<PassReport>;
  /** One round of reading back. */
  readBack(): Promise<readonly KeyProof[]>;
  /** The lines of the audit trail, the earliest first. */
  history(): readonly HistoryLine[];
  /** Everything that is known of the first key. */
  explain(): Explanation;
  /** Applies, and demands that this took one update of the first key; gives its body. */
  update(): Promise<JsonObject>;
  /** Demands that nothing is planned, told or written: right away, after the settle time, and a day later. */
  expectSilence(): Promise<void>;
  stored(n?: number): StoredKey;
  edit(patch: Partial<StoredKey>, n?: number): void;
  /** Every request since the last time that this was asked. */
  asked(): readonly Asked[];
}

/** Sets stages that end with their test. */
export function useStages(): (parts?: StageParts) => Promise<Stage> {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  return async (parts = {}) => {
    const { stage, end } = await setStage(parts);
    ends.push(end);
    return stage;
  };
}

async function setStage({ keys = [{}], model = {}, pageSize = 100 }: StageParts) {
  // A Wednesday.
  let time = Date.parse("2026-03-04T12:00:00Z");
  const now = (): number => time;
  const folder = mkdtempSync(join(tmpdir(), "keysteward-conformance-"));
  const simulator = await startSimulator({
    keys: keys.map((given, index) => key(index + 1, { id: idOf(index + 1), ...given })),
    model,
    now,
  });
  const config = loadConfig({
    flags: { policies: folder, state: `sqlite:${join(folder, "state.db")}`, baseUrl: simulator.baseUrl },
    env: {
      KEYSTEWARD_RATE_REQUESTS: "10000",
      KEYSTEWARD_PORTKEY_PAGE_SIZE: String(pageSize),
      KEYSTEWARD_GUARD_CHANGED: "off",
      KEYSTEWARD_GUARD_LOOSENED: "off",
    },
    cwd: folder,
  });
  const credential = createCredential(simulator.adminKey);
  const log = createLog({ level: "silent", secrets: [credential.reveal()], pretty: false });
  const assembled = assemble({ config, mode: "write", credential, log, env: {} });
  const clock = { now, sleep: () => Promise.reject(new Error("a pass does not sleep")) };
  const ports: PassPorts = { ...assembled.ports, clock };
  const never = new AbortController().signal;
  let seen = 0;

  function asked(): readonly Asked[] {
    const fresh = simulator.requests.slice(seen);
    seen = simulator.requests.length;
    return fresh.map(({ method, path, body }) => ({ line: lineOf(method, path), body }));
  }

  const stage: Stage = {
    simulator,
    now,
    asked,
    pass: (ms) => void (time += ms),
    want(block, n = 1, spelled = (id) => id) {
      const text = typeof block === "string" ? block : JSON.stringify(block);
      writeFileSync(join(folder, `p${n}.yaml`), policyText(n, spelled(idOf(n)), text));
    },
    write(text, n = 1) {
      writeFileSync(join(folder, `p${n}.yaml`), text.replaceAll("ID", idOf(n)));
    },
    problems: () => ports.resolve(ports.policies.load(), nothingLive(ports.clock.now())).problems,
    plan: async (kind = "reconcile") => (await survey(ports, { pass: kind, settleMs, signal: never })).plan,
    readBack: () => readBack(ports, { pass: "proof", settleMs, signal: never }),
    history: () => readAudit(config.stateUrl, { limit: 1_000 }).toReversed(),
    explain() {
      const set = ports.policies.load();
      const known = ports.state.inventoryOf(idOf(1))?.key;
      return explainKey({
        keyId: idOf(1),
        set,
        resolution: ports.resolve(set, nothingLive(time)),
        applied: ports.state.applied(),
        sight: known === undefined ? { kind: "unseen" } : { kind: "seen", key: known, complete: true },
        now: time,
        settleMs,
      });
    },
    async apply(kind = "reconcile") {
      const { report, error } = await runPass(ports, {
        pass: "pass",
        kind,
        settleMs,
        workers: assembled.workers,
        target: config.portkey.baseUrl,
        yielding: never,
        stopping: never,
        signal: never,
        approve: ({ problems }) => Promise.resolve(problems.every(({ severity }) => severity !== "error")),
      });
      expect(error).toBeNull();
      return report;
    },
    async update() {
      asked();
      const report = await stage.apply();
      expect(report.unfinished).toEqual([]);
      const puts = asked().filter(({ line }) => !line.startsWith("GET"));
      expect(puts.map(({ line }) => line)).toEqual(["PUT 1"]);
      return puts[0]!.body as JsonObject;
    },
    async expectSilence() {
      for (const ms of [0, settleMs, 86_400_000]) {
        stage.pass(ms);
        asked();
        const { changes, notices } = await stage.plan();
        expect([...changes, ...notices.filter(isNews)]).toEqual([]);
        await stage.apply();
        expect(asked().filter(({ line }) => !line.startsWith("GET"))).toEqual([]);
      }
    },
    stored: (n = 1) => simulator.keys.get(idOf(n))!,
    edit: (patch, n = 1) => simulator.edit(idOf(n), patch),
  };
  async function end(): Promise<void> {
    await assembled.close();
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return { stage, end };
}

/** That a field is not managed any more is told as long as it is so; it is nothing that happened. */
function isNews({ kind }: Notice): boolean {
  return kind !== "released";
}

function lineOf(method: string, path: string): string {
  const [, , , id, ...rest] = path.split("/");
  if (id === undefined) return method;
  return [method, Number(id.slice(-12)), ...rest].join(" ");
}

function policyText(n: number, id: string, block: string): string {
  const lines = block.split("\n").map((line) => `    ${line}`);
  return [
    "apiVersion: keysteward/v1",
    "kind: KeyPolicy",
    `metadata: { name: p${n} }`,
    "spec:",
    `  keyId: ${id}`,
    "  key:",
    ...lines,
    "",
  ].join("\n");
}

/**
 * Two servers between which nothing may make a difference, since it is not known which of them Portkey is: they differ in
 * what becomes of what an update does not name, in how nothing reads, and in whether a list shows rotation policies.
 */
export const servers: readonly { readonly server: string; readonly model: Partial<Model> }[] = [
  {
    server: "a server that replaces",
    model: { defaultsMerge: "replace", groupsMerge: "replace", noneReads: "null" },
  },
  {
    server: "a server that merges",
    model: {
      defaultsMerge: "merge",
      groupsMerge: "merge",
      listHasRotationPolicy: true,
      noneReads: "empty",
      unsetPeriodReads: "empty-string",
    },
  },
];
