import { describe, expect, test } from "vitest";
import { readLiveKey } from "../../src/core/live.ts";
import type { Sight } from "../../src/core/make-plan.ts";
import type { Json, JsonObject, KeyId, Mode } from "../../src/core/policy.ts";
import type { InventoryKey, KeyReader, LiveRecord } from "../../src/ports.ts";
import { readLiveKeys, wantedKeys, type LiveKeys } from "../../src/reconcile/read-live-keys.ts";
import { asGet, keyId, now, policy, rawKey, resolve } from "../core/build.ts";
import { FakeState } from "./fake-state.ts";
import { remoteError } from "./fake-plane.ts";

const [one, two, three] = [keyId(1), keyId(2), keyId(3)];
const monthly = { rotation_period: "monthly" };
const minuteAgo = new Date(now - 60_000).toISOString();

interface Given {
  /** Rows of the list: the keys' own properties by id. A rotation policy that is not there is left out of the list. */
  readonly listed?: Readonly<Record<KeyId, JsonObject>>;
  /** Answers to a GET, by id. */
  readonly answers?: Readonly<Record<KeyId, JsonObject | Error>>;
  /** What policies want, by key id. */
  readonly wanted: Readonly<Record<KeyId, { readonly key: JsonObject; readonly mode?: Mode }>>;
  readonly remembered?: readonly InventoryKey[];
}

interface Seen extends LiveKeys {
  /** The ids that were asked for by a GET. */
  readonly gets: readonly KeyId[];
}

function record(id: KeyId, own: JsonObject, source: "list" | "get"): LiveRecord {
  const raw = source === "get" ? asGet(rawKey(own, id)) : rawKey(own, id);
  return { key: readLiveKey(raw, source), raw };
}

async function look({ listed = {}, answers = {}, wanted, remembered = [] }: Given): Promise<Seen> {
  const gets: KeyId[] = [];
  const reader: KeyReader = {
    listCost: () => 1,
    list: () => Promise.resolve(Object.entries(listed).map(([id, own]) => record(id, own, "list"))),
    get(id) {
      gets.push(id);
      const answer = answers[id] ?? remoteError("missing", 404);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(record(id, answer, "get"));
    },
  };
  const state = new FakeState();
  state.saveInventory(remembered);
  const policies = Object.entries(wanted).map(([id, parts], index) =>
    policy({ name: `p${index}`, keyIds: [id], ...parts }),
  );
  const clock = { now: () => now, sleep: () => Promise.resolve() };
  const wantedNow = wantedKeys(resolve({ policies }).desired.values(), state.applied());
  const live = await readLiveKeys({ reader, state, clock }, wantedNow, new AbortController().signal);
  return { ...live, gets };
}

function kindOf(sight: Sight | undefined): string | undefined {
  return sight?.kind === "seen" ? `seen, ${sight.complete ? "complete" : "as listed"}` : sight?.kind;
}

/** A key as it was read a while ago, with its rotation policy by a GET at `readAt`. */
function known(own: JsonObject, readAt: number | null): InventoryKey {
  return { ...record(one, own, "get"), seenAt: now - 900_000, rotationReadAt: readAt };
}

describe("nothing more is read than the list", () => {
  test("when it shows every key that is wanted", async () => {
    const seen = await look({ listed: { [one]: {}, [two]: {} }, wanted: { [one]: { key: { name: "a" } } } });
    expect(seen.gets).toEqual([]);
    expect([kindOf(seen.sights.get(one)), kindOf(seen.sights.get(two))]).toEqual([
      "seen, as listed",
      "seen, as listed",
    ]);
    expect(seen.listed).toBe(2);
    expect(seen.inventory.map(({ key, seenAt, rotationReadAt }) => [key.id, seenAt, rotationReadAt])).toEqual(
      [
        [one, now, null],
        [two, now, null],
      ],
    );
  });

  test("when it shows the rotation policy that a policy speaks of", async () => {
    const listed = { [one]: { rotation_policy: monthly } };
    const seen = await look({ listed, wanted: { [one]: { key: { rotation_policy: monthly } } } });
    expect(seen.gets).toEqual([]);
  });

  test("for keys whose policy is paused, listed or not", async () => {
    const paused = { key: { rotation_policy: monthly }, mode: "paused" } as const;
    const seen = await look({ listed: { [one]: {} }, wanted: { [one]: paused, [two]: paused } });
    expect(seen.gets).toEqual([]);
    expect(seen.sights.has(two)).toBe(false);
  });
});

describe("one GET is made", () => {
  test("for each key whose policy speaks of rotation and whose row does not, and for no other", async () => {
    const rotates = { key: { rotation_policy: monthly } };
    const seen = await look({
      listed: { [one]: {}, [two]: {}, [three]: {} },
      answers: { [one]: { rotation_policy: monthly }, [two]: {} },
      wanted: { [one]: rotates, [two]: { key: { rotation_policy: null } }, [three]: { key: { name: "a" } } },
    });
    expect(seen.gets.toSorted()).toEqual([one, two]);
    expect(kindOf(seen.sights.get(one))).toBe("seen, complete");
    expect(kindOf(seen.sights.get(three))).toBe("seen, as listed");
    expect(seen.inventory.map(({ rotationReadAt }) => rotationReadAt)).toEqual([now, now, null]);
  });

  test("for each key whose policy speaks of the config switch and whose row does not, and for no other", async () => {
    const bare = { allow_config_override: undefined } as unknown as JsonObject;
    const switches = { key: { defaults: { allow_config_override: false } } };
    const own = { last_updated_at: minuteAgo };
    const given = {
      listed: { [one]: { ...own, ...bare }, [two]: bare },
      answers: { [one]: { ...own, allow_config_override: 0 } },
      wanted: { [one]: switches, [two]: { key: { defaults: { config_id: null } } } },
    };
    const seen = await look(given);
    expect(seen.gets).toEqual([one]);
    const again = await look({ ...given, remembered: seen.inventory });
    expect(again.gets).toEqual([]);
    const sight = again.sights.get(one);
    expect(kindOf(sight)).toBe("seen, complete");
    expect(sight?.kind === "seen" && sight.key.fields.get("defaults.allow_config_override")).toBe(false);
  });

  test("for a key that the list does not show: there it is seen as a whole", async () => {
    const seen = await look({
      listed: { [two]: {} },
      answers: { [one]: { name: "found" } },
      wanted: { [one]: { key: { name: "a" } } },
    });
    expect(seen.gets).toEqual([one]);
    expect(kindOf(seen.sights.get(one))).toBe("seen, complete");
    expect(seen.inventory.map(({ key }) => key.id).toSorted()).toEqual([one, two]);
    expect(seen.listed).toBe(1);
  });
});

describe("a rotation policy that a GET showed is believed again", () => {
  const wanted = { [one]: { key: { rotation_policy: monthly } } };
  const own = { last_updated_at: minuteAgo, rotation_policy: monthly };
  const listed = { [one]: { last_updated_at: minuteAgo } };
  const answers = { [one]: own };

  test("as long as the key was not updated since", async () => {
    const seen = await look({ listed, answers, wanted, remembered: [known(own, now - 50_000)] });
    expect(seen.gets).toEqual([]);
    const sight = seen.sights.get(one);
    expect(kindOf(sight)).toBe("seen, complete");
    expect(sight?.kind === "seen" && sight.key.fields.get("rotation_policy")).toMatchObject(monthly);
    expect(seen.inventory[0]).toMatchObject({ seenAt: now, rotationReadAt: now - 50_000 });
  });

  test.each<[string, Json, InventoryKey]>([
    ["it was updated since", new Date(now - 30_000).toISOString(), known(own, now - 50_000)],
    ["it was read in the second of the update", minuteAgo, known(own, Date.parse(minuteAgo) + 900)],
    ["it was read within the margin for clocks", minuteAgo, known(own, Date.parse(minuteAgo) + 4_999)],
    ["no GET has shown it", minuteAgo, known(own, null)],
    ["nobody knows when it was updated", null, known({ ...own, last_updated_at: null }, now - 50_000)],
  ])("not when %s", async (_why, lastUpdatedAt, remembered) => {
    const row = { [one]: { last_updated_at: lastUpdatedAt } };
    const seen = await look({ listed: row, answers, wanted, remembered: [remembered] });
    expect(seen.gets).toEqual([one]);
    expect(seen.inventory[0]?.rotationReadAt).toBe(now);
  });

  test("from the end of the margin on", async () => {
    const remembered = [known(own, Date.parse(minuteAgo) + 5_000)];
    expect((await look({ listed, answers, wanted, remembered })).gets).toEqual([]);
  });
});

describe("an error is not absence", () => {
  const rotates = { [one]: { key: { rotation_policy: monthly } }, [two]: { key: { name: "a" } } };

  test.each([
    ["missing", 404],
    ["rejected", 403],
  ] as const)("a key that no list shows is missing when a GET says %s %i", async (consequence, status) => {
    const seen = await look({
      listed: { [two]: {} },
      answers: { [one]: remoteError(consequence, status, "not yours") },
      wanted: rotates,
    });
    expect(seen.sights.get(one)).toMatchObject({
      kind: "missing",
      message: expect.stringContaining("not yours"),
    });
    expect(kindOf(seen.sights.get(two))).toBe("seen, as listed");
  });

  test.each([
    ["rejected", 400],
    ["unavailable", 503],
    ["throttled", 429],
    ["unknown", null],
  ] as const)("a key that no list shows is unreadable when a GET says %s %s", async (consequence, status) => {
    const seen = await look({ answers: { [one]: remoteError(consequence, status) }, wanted: rotates });
    expect(kindOf(seen.sights.get(one))).toBe("unreadable");
  });

  test.each([
    ["missing", 404],
    ["rejected", 403],
    ["unavailable", 500],
  ] as const)("a listed key is unreadable, alone, when a GET says %s %i", async (consequence, status) => {
    const seen = await look({
      listed: { [one]: {}, [two]: {} },
      answers: { [one]: remoteError(consequence, status) },
      wanted: rotates,
    });
    expect([kindOf(seen.sights.get(one)), kindOf(seen.sights.get(two))]).toEqual([
      "unreadable",
      "seen, as listed",
    ]);
    expect(seen.inventory.map(({ key }) => key.id)).toEqual([one, two]);
  });

  test.each([
    ["auth", 401],
    ["misdirected", 200],
  ] as const)(
    "but what every other request would meet too ends the pass: %s",
    async (consequence, status) => {
      const error = remoteError(consequence, status);
      const looking = look({ listed: { [one]: {} }, answers: { [one]: error }, wanted: rotates });
      await expect(looking).rejects.toBe(error);
    },
  );

  test("and neither is what is no answer at all", async () => {
    const cutOff = new Error("cut off");
    await expect(look({ answers: { [one]: cutOff }, wanted: rotates })).rejects.toBe(cutOff);
  });
});
