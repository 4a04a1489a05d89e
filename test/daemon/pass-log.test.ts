import { beforeEach, describe, expect, test } from "vitest";
import type { Outcome, PassReport } from "../../src/core/outcome.ts";
import type { Change } from "../../src/core/plan.ts";
import type { FieldProof } from "../../src/core/proof.ts";
import { createPassLog, type PassLog } from "../../src/daemon/pass-log.ts";
import { createLog } from "../../src/log.ts";
import type { KeyProof } from "../../src/reconcile/read-back.ts";
import { keyId, live, plan, policy, seen } from "../core/build.ts";
import { notice, outcome, problem, report } from "./reports.ts";

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

let lines: Line[];
let log: PassLog;

beforeEach(() => {
  lines = [];
  const destination = { write: (text: string) => void lines.push(JSON.parse(text) as Line) };
  log = createPassLog(createLog({ level: "debug", secrets: [], pretty: false, destination }));
});

/** What a pass said, without its own line: level and message, and what it is about. */
function said(of: PassReport): string[] {
  lines = [];
  log.report(of);
  expect(lines.at(-1)?.msg).toMatch(/^pass (ended|failed)$/);
  return lines.slice(0, -1).map((line) => `${line.msg}: ${String(line["problem"] ?? line["notice"])}`);
}

const change: Change = plan({
  policies: [policy({ key: { usage_limits: { credit_limit: 50, type: "cost" } } })],
  sightOf: seen(live({ usage_limits: { type: "cost", credit_limit: 10 } })),
}).changes[0]!;

function told(of: Outcome): Line[] {
  log.outcome("pass-7", of, change);
  return lines;
}

describe("a change is one line", () => {
  test("with what changed, from what to what, why, and where it is written", () => {
    expect(told(outcome("applied", { status: 200, attempts: 2 }))).toMatchObject([
      {
        level: "info",
        msg: "change applied",
        pass: "pass-7",
        keyId: keyId(1),
        policy: "team",
        place: "policies/team.yaml:5",
        rank: "loosens",
        status: 200,
        attempts: 2,
        fields: [{ path: "usage_limits.credit_limit", action: "set", from: 10, to: 50, why: "new" }],
      },
    ]);
  });

  test.each(["rejected", "failed", "unknown", "skipped", "not-reflected"] as const)(
    "that warns with its reason when it was %s, under a message that is always the same",
    (kind) => {
      expect(told(outcome(kind, { message: "the server says no" }))).toMatchObject([
        { level: "warn", msg: "change not applied", outcome: kind, reason: "the server says no" },
      ]);
    },
  );
});

describe("a pass is one line", () => {
  test("with its numbers, and no key in it", () => {
    log.report(
      report({
        applied: 2,
        unfinished: [outcome("failed")],
        requests: { reads: 3, writes: 2, throttledMs: 0 },
      }),
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: "info",
      msg: "pass ended",
      pass: "pass-1",
      kind: "reconcile",
      desired: 3,
      enforced: 3,
      live: 5,
      changes: 0,
      unchanged: 3,
      applied: 2,
      unfinished: 1,
      problems: 0,
      trusted: true,
      requests: { reads: 3, writes: 2, throttledMs: 0 },
      ms: 1_250,
    });
    expect(JSON.stringify(lines[0])).not.toContain(keyId(1));
  });

  test("that is an error when the pass failed", () => {
    log.report(report({ error: { code: "unavailable", message: "down" } }));
    expect(lines).toMatchObject([
      { level: "error", msg: "pass failed", error: { code: "unavailable", message: "down" } },
    ]);
  });
});

describe("a problem is told", () => {
  const typo = problem("a typo");
  const broken = report({ problems: [typo] });

  test("with its place, code and path; a warning as a warning", () => {
    log.report(report({ problems: [typo, problem("odd", { severity: "warning" })] }));
    expect(lines.slice(0, 2)).toMatchObject([
      {
        level: "error",
        msg: "policy problem",
        pass: "pass-1",
        code: "KS1204",
        place: "policies/team.yaml:7",
        path: "spec.key.name",
        problem: "a typo",
      },
      { level: "warn", msg: "policy warning", problem: "odd" },
    ]);
  });

  test("once, however many passes of whichever kind find it", () => {
    const counts = (["edit", "reconcile", "edit", "edit"] as const).map(
      (kind) => said({ ...broken, kind }).length,
    );
    expect(counts).toEqual([1, 0, 0, 0]);
  });

  test("again when it was mended and came back, also within edits", () => {
    expect(said(broken)).toHaveLength(1);
    expect(said(report({ kind: "edit" }))).toEqual([]);
    expect(said({ ...broken, kind: "edit" })).toEqual(["policy problem: a typo"]);
  });

  test("not again because a pass between failed, or could not believe the directory", () => {
    said(broken);
    said(report({ error: { code: "unavailable", message: "down" } }));
    const away = problem("the policy directory is missing", { code: "KS1001" });
    expect(said(report({ trusted: false, problems: [away] }))).toHaveLength(1);
    expect(said(broken)).toEqual([]);
  });

  test("alone, when another one was told before", () => {
    said(broken);
    expect(said(report({ problems: [typo, problem("another")] }))).toEqual(["policy problem: another"]);
  });
});

describe("a notice is told", () => {
  const missing = report({ notices: [notice("missing")] });

  test("once, until a reconcile pass does not find it any more", () => {
    expect(said(missing)).toEqual(["notice: it is missing"]);
    expect(said(missing)).toEqual([]);
    expect(said(report())).toEqual([]);
    expect(said(missing)).toEqual(["notice: it is missing"]);
  });

  test("not again because an edit pass, which does not look at keys, was silent on it", () => {
    said(missing);
    said(report({ kind: "edit" }));
    expect(said(missing)).toEqual([]);
  });

  test("not again because a pass between failed, or could not believe the directory", () => {
    said(missing);
    said(report({ error: { code: "unavailable", message: "down" } }));
    said(report({ trusted: false }));
    expect(said(missing)).toEqual([]);
  });

  test("with its key and policy", () => {
    log.report(missing);
    expect(lines[0]).toMatchObject({ level: "warn", kind: "missing", keyId: keyId(1), policy: "team" });
  });
});

test("what no read shows of a key is told with the fields, whether a round or a pass found it; what is proved is not", () => {
  const field = (path: string, kind: FieldProof["kind"]): FieldProof => ({
    path,
    kind,
    set: 1,
    read: undefined,
  });
  const fields = [field("name", "shown"), field("scopes", "unprovable")];
  const proofs: KeyProof[] = [
    { keyId: keyId(1), policy: "team", kind: "unprovable", fields },
    { keyId: keyId(2), policy: "team", kind: "proved", fields: [field("name", "shown")] },
  ];
  log.unprovable("pass-1", proofs);
  log.readBack({
    pass: "round-1",
    proofs,
    open: 0,
    contradicted: 0,
    gaveWay: false,
    refused: false,
    error: null,
  });
  const warnings = lines.filter(({ level }) => level === "warn");
  expect(warnings).toMatchObject(
    ["pass-1", "round-1"].map((pass) => ({
      msg: "no read shows what was written",
      ...{ pass, keyId: keyId(1), policy: "team", paths: ["scopes"] },
    })),
  );
});

test("a difference that is known is told, and is no warning", () => {
  expect(said(report({ notices: [notice("acknowledged", "known")] }))).toEqual(["notice: known"]);
  expect(lines[0]).toMatchObject({ level: "info", kind: "acknowledged" });
});

describe("a quarantine is told", () => {
  const kept = notice("quarantined", "kept");

  test("when it begins and when it ends, also within edits, and again when it comes back", () => {
    expect(said(report({ kind: "edit", notices: [kept] }))).toEqual(["notice: kept"]);
    expect(said(report({ notices: [kept] }))).toEqual([]);
    expect(said(report({ kind: "edit" }))).toEqual(["quarantine ended: undefined"]);
    expect(lines[0]).toMatchObject({ level: "info", keyId: keyId(1), policy: "team" });
    expect(said(report({ kind: "edit" }))).toEqual([]);
    expect(said(report({ kind: "edit", notices: [kept] }))).toEqual(["notice: kept"]);
  });

  test("as lasting while a pass failed, or could not believe the directory", () => {
    said(report({ notices: [kept] }));
    expect(said(report({ error: { code: "auth", message: "no" } }))).toEqual([]);
    expect(said(report({ trusted: false }))).toEqual([]);
    expect(said(report({ notices: [kept] }))).toEqual([]);
  });
});

describe("a held plan is told", () => {
  const refusal = { rule: "changed", message: "too many", limit: 1, actual: 2, approve: "go" } as const;

  function holding(digest: string, own: Partial<PassReport> = {}): PassReport {
    return report({ refusals: [refusal], heldDigest: digest, ...own });
  }

  function warnings(of: PassReport): unknown[] {
    lines = [];
    log.report(of);
    return lines.filter(({ msg }) => msg === "plan held").map((line) => line["digest"]);
  }

  test("with its counts, its thresholds and the command to go on", () => {
    log.report(holding("a"));
    expect(lines[0]).toMatchObject({
      level: "warn",
      msg: "plan held",
      digest: "a",
      approve: "go",
      reasons: [{ rule: "changed", message: "too many", limit: 1, actual: 2 }],
    });
  });

  test("once, however many passes of whichever kind plan it, and again when it was over and came back", () => {
    expect(warnings(holding("a"))).toEqual(["a"]);
    expect(warnings(holding("b", { kind: "edit" }))).toEqual(["b"]);
    expect(warnings(holding("a"))).toEqual([]);
    expect(warnings(holding("b", { kind: "edit" }))).toEqual([]);
    expect(warnings(report({ kind: "edit" }))).toEqual([]);
    expect(warnings(report({ error: { code: "unavailable", message: "down" } }))).toEqual([]);
    expect(warnings(holding("a"))).toEqual([]);
    expect(warnings(report())).toEqual([]);
    expect(warnings(holding("a"))).toEqual(["a"]);
  });
});
