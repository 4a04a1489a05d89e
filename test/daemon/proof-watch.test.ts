import { beforeEach, describe, expect, test } from "vitest";
import type { Outcome } from "../../src/core/outcome.ts";
import { createProofWatch, type ProofWatch } from "../../src/daemon/proof-watch.ts";
import type { KeyProof, ProofKind } from "../../src/reconcile/read-back.ts";
import { keyId } from "../core/build.ts";
import { settle, VirtualClock } from "../portkey/virtual-clock.ts";
import { outcome } from "./reports.ts";

const settleMs = 60_000;

let clock: VirtualClock;
let watch: ProofWatch;
/** What the round shows that is asked for when the settle time is over. */
let last: readonly KeyProof[];
let rounds: number;

beforeEach(() => {
  clock = new VirtualClock();
  last = [];
  rounds = 0;
  watch = createProofWatch({
    clock,
    settleMs,
    readBack() {
      rounds += 1;
      round(...last);
      return Promise.resolve();
    },
  });
});

function sent(n: number, kind: Outcome["outcome"] = "applied"): Outcome {
  return outcome(kind, { keyId: keyId(n), status: 200 });
}

function read(n: number, kind: ProofKind): KeyProof {
  return { keyId: keyId(n), policy: "team", kind, fields: [] };
}

function passed(outcomes: readonly Outcome[], proofs: readonly KeyProof[] = []): void {
  watch.pass({ kind: "reconcile", outcomes, proofs });
}

function round(...proofs: readonly KeyProof[]): void {
  watch.round({ proofs, error: null, refused: false });
}

/** What is known once the promise has settled; null as long as it has not. */
async function soFar(ended: Promise<readonly Outcome[]>): Promise<readonly string[] | null> {
  const none = settle().then(() => null);
  const kinds = await Promise.race([ended, none]);
  return kinds?.map(({ outcome }) => outcome) ?? null;
}

describe("who waits for a reconcile pass is told how its changes ended", () => {
  test("once each is read back, with what was read", async () => {
    const following = watch.follow();
    passed([sent(1), sent(2), sent(3, "rejected")]);
    const ended = following.ended();
    expect(await soFar(ended)).toBeNull();
    round(read(1, "proved"), read(2, "open"));
    expect(await soFar(ended)).toBeNull();
    round(read(2, "not-shown"));
    expect(await soFar(ended)).toEqual(["applied", "not-reflected", "rejected"]);
    expect((await ended)[0]?.message).toBe("applied, and read back as it was set");
    expect(rounds).toBe(0);
  });

  test("at once where nothing was sent, or needed no request", async () => {
    const following = watch.follow();
    passed([outcome("applied", { attempts: 0 })]);
    expect(await soFar(following.ended())).toEqual(["applied"]);
    expect(await soFar(watch.follow().ended())).toEqual([]);
  });

  test("right after the settle time at the latest, when it is read once more", async () => {
    const following = watch.follow();
    passed([sent(1), sent(2)]);
    const ended = following.ended();
    round(read(1, "open"), read(2, "open"));
    last = [read(1, "not-shown")];
    await clock.advance(settleMs);
    expect([await soFar(ended), rounds]).toEqual([null, 0]);
    await clock.advance(1);
    expect([await soFar(ended), rounds]).toEqual([["not-reflected", "settling"], 1]);
  });

  test("by its first judgement: that the next pass tries once more does not change what this one did", async () => {
    const following = watch.follow();
    passed([sent(1), sent(2)]);
    const ended = following.ended();
    round(read(1, "not-shown"), read(2, "open"));
    passed([sent(1)]);
    round(read(1, "proved"), read(2, "proved"));
    expect(await soFar(ended)).toEqual(["not-reflected", "applied"]);
  });

  test("also of what a pass had written that gave way before its end, and by the newest of two writes", async () => {
    const following = watch.follow();
    passed([sent(1), sent(2, "skipped"), sent(3)]);
    round(read(3, "not-shown"));
    watch.pass({ kind: "edit", outcomes: [sent(9)], proofs: [] });
    passed([sent(2), sent(3)], [read(1, "proved")]);
    const ended = following.ended();
    round(read(2, "proved"));
    expect(await soFar(ended)).toBeNull();
    round(read(3, "proved"));
    expect(await soFar(ended)).toEqual(["applied", "applied", "applied"]);
  });

  test("with the reason where nothing could be read, without waiting once the credential is refused", async () => {
    const following = watch.follow();
    passed([sent(1)]);
    const ended = following.ended();
    watch.round({ proofs: [], error: "down", refused: false });
    expect(await soFar(ended)).toBeNull();
    watch.round({ proofs: [], error: "no", refused: true });
    await clock.advance(0);
    expect(await ended).toMatchObject([{ outcome: "settling", message: "accepted; not read back yet: no" }]);
  });

  test("and not kept waiting by a daemon that stops", async () => {
    const following = watch.follow();
    passed([sent(1)]);
    const ended = following.ended();
    watch.stop();
    expect([await soFar(ended), rounds]).toEqual([["settling"], 0]);
    expect(await soFar(watch.follow().ended())).toEqual([]);
  });
});
