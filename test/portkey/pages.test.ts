import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RemoteError } from "../../src/core/remote-error.ts";
import type { LiveRecord } from "../../src/ports.ts";
import type { FetchPage } from "../../src/portkey/pages.ts";
import { readAllPages } from "../../src/portkey/pages.ts";
import type { Page } from "../../src/portkey/wire.ts";
import { readRecord } from "../../src/portkey/wire.ts";

function record(n: number): LiveRecord {
  return readRecord(
    { id: `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`, name: `key ${n}` },
    "list",
  );
}

const records = (count: number): LiveRecord[] => Array.from({ length: count }, (_, n) => record(n));
const names = (list: readonly LiveRecord[]): string[] => list.map(({ key }) => key.name);

/** A server with these keys and quirks; counts what it is asked. */
function server(
  keys: readonly LiveRecord[],
  quirks: { size: number; base?: number; total?: number | undefined },
) {
  const asked: number[] = [];
  const total = "total" in quirks ? quirks.total : keys.length;
  const fetch: FetchPage = (number) => {
    asked.push(number);
    const start = Math.max(0, number - (quirks.base ?? 0)) * quirks.size;
    return Promise.resolve({ records: keys.slice(start, start + quirks.size), total });
  };
  return { fetch, asked };
}

const incomplete = (message: string) =>
  expect.objectContaining({
    message: expect.stringContaining(message) as string,
    failure: { consequence: "unavailable", status: 200, errorCode: null, attempts: 1 },
  });

describe("a list is read to its end", () => {
  test.each([
    [0, 1],
    [1, 1],
    [99, 1],
    [100, 1],
    [101, 2],
    [1_000, 10],
    [10_000, 100],
  ])("%d keys in pages of 100 take %d requests", async (count, requests) => {
    const { fetch, asked } = server(records(count), { size: 100 });
    expect(names(await readAllPages(fetch))).toEqual(names(records(count)));
    expect(asked).toHaveLength(requests);
  });

  test("whether the server counts pages from 0 or from 1, has small pages, or gives no total", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(0, 1),
        fc.boolean(),
        async (count, size, base, counts) => {
          const keys = records(count);
          const { fetch, asked } = server(keys, { size, base, ...(counts ? {} : { total: undefined }) });
          expect(names(await readAllPages(fetch))).toEqual(names(keys));
          if (counts && base === 0) expect(asked).toHaveLength(Math.max(1, Math.ceil(count / size)));
        },
      ),
    );
  });

  test("pages that arrive in any order are put together in theirs", async () => {
    const keys = records(50);
    const { fetch } = server(keys, { size: 10 });
    const waiting: (() => void)[] = [];
    const list = readAllPages(async (number, signal) => {
      if (number > 0) await new Promise<void>((resolve) => waiting.unshift(resolve));
      if (waiting.length === 4) waiting.forEach((resolve) => resolve());
      return fetch(number, signal);
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(waiting).toHaveLength(4);
    waiting.forEach((resolve) => resolve());
    expect(names(await list)).toEqual(names(keys));
  });

  test("a key that shows up twice counts once, as it was first", async () => {
    const pages: Page[] = [
      { records: [record(1), record(2)], total: 3 },
      { records: [readRecord({ ...record(2).raw, name: "later" }, "list"), record(3)], total: 3 },
    ];
    const list = await readAllPages((number) => Promise.resolve(pages[number]!));
    expect(names(list)).toEqual(["key 1", "key 2", "key 3"]);
  });
});

describe("a list that does not add up is read again once, and then fails", () => {
  test.each<[string, (number: number) => Page, string]>([
    [
      "it ends before its total",
      (n) => ({ records: n < 2 ? [record(n)] : [], total: 3 }),
      "2 of 3 keys, then an empty page",
    ],
    ["it is empty but counts some", () => ({ records: [], total: 3 }), "0 of 3 keys, then an empty page"],
    [
      "it has keys but counts none",
      () => ({ records: [record(1)], total: 0 }),
      "at least 1 keys, but a total of 0",
    ],
    [
      "it has more than it counts",
      () => ({ records: records(5), total: 3 }),
      "at least 5 keys, but a total of 3",
    ],
    ["its total changes", (n) => ({ records: [record(n)], total: 3 + n }), "the total changed from 3 to 4"],
    [
      "its total is lost",
      (n) => ({ records: [record(n)], total: n === 0 ? 3 : undefined }),
      "the total changed from 3 to none",
    ],
    ["it repeats itself", () => ({ records: records(2), total: 7 }), "the same keys on page after page"],
    [
      "it repeats itself without a total",
      () => ({ records: records(2), total: undefined }),
      "the same keys on page",
    ],
    [
      "its total is absurd",
      () => ({ records: [record(1)], total: 1e15 }),
      "pages are more than can be right",
    ],
    ["it never ends", (n) => ({ records: [record(n)], total: undefined }), "no end after 10000 pages"],
  ])("%s", async (_case, page, message) => {
    let starts = 0;
    const list = readAllPages((number) => {
      if (number === 0) starts += 1;
      return Promise.resolve(page(number));
    });
    await expect(list).rejects.toThrow(incomplete(`list incomplete: `));
    await expect(list).rejects.toThrow(incomplete(message));
    expect(starts).toBe(2);
  });

  test("a list that adds up the second time is taken", async () => {
    const keys = records(30);
    const { fetch } = server(keys, { size: 10 });
    let calls = 0;
    const list = readAllPages(async (number, signal) => {
      calls += 1;
      const page = await fetch(number, signal);
      return calls === 3 ? { ...page, total: 31 } : page;
    });
    expect(names(await list)).toEqual(names(keys));
    expect(calls).toBe(6);
  });

  test("never a part of it: with any row lost or any page cut, there is no list", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 10 }),
        fc.nat(),
        async (count, size, at) => {
          const keys = records(count);
          const lost = keys.filter((_, index) => index !== at % count);
          const { fetch } = server(lost, { size, total: count });
          await expect(readAllPages(fetch)).rejects.toBeInstanceOf(RemoteError);
        },
      ),
    );
  });
});

test("the first page that fails breaks off the others, and its failure is the list's", async () => {
  const { fetch } = server(records(50), { size: 10 });
  const broken = new Error("page 3 is gone");
  let brokenOff = 0;
  const list = readAllPages((number, signal) => {
    if (number === 0) return fetch(number, signal);
    if (number === 3) return Promise.reject(broken);
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        brokenOff += 1;
        reject(signal.reason as Error);
      });
    });
  });
  await expect(list).rejects.toBe(broken);
  expect(brokenOff).toBe(3);
});
