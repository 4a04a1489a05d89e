/*
 * Reads a list to its end, or not at all: what is missing from a list that is taken for complete looks deleted.
 *
 * Portkey's API reference does not say where pages begin, how large they may be, or in which order they come, and
 * there is no cursor: keys made or deleted between two pages shift the rows. So nothing is assumed but this: a list is
 * complete when as many distinct keys were seen as `total` says, no more and no fewer, and `total` was the same on
 * every page. Anything else is read once more from the beginning, and then fails.
 *
 *   the server                            what is seen, and done
 *   counts pages from 0                   ceil(N / size) requests, 1 for no keys; all but the first at the same time
 *   counts pages from 1                   pages 0 and 1 are the same: one more page is read
 *   has a smaller largest page            the first page is short: the rest are counted by its length
 *   ignores the page's size               the first page is everything
 *   sends no total                        pages one by one, until an empty one
 *   ignores the page's number, repeats    two pages without anything new: incomplete
 *   loses rows, or shifts them            an empty page too early: incomplete
 */
import { RemoteError } from "../core/remote-error.ts";
import type { LiveRecord } from "../ports.ts";
import type { Page } from "./wire.ts";

/** Reads the page with this number; breaks off when the signal is aborted. */
export type FetchPage = (page: number, signal: AbortSignal) => Promise<Page>;

const mostPages = 10_000;

/** All records, each key once, in page order. Throws what `fetchPage` throws, or a RemoteError for a faulty list. */
export async function readAllPages(fetchPage: FetchPage): Promise<readonly LiveRecord[]> {
  try {
    return await readOnce(fetchPage);
  } catch (error) {
    if (!(error instanceof IncompleteError)) throw error;
  }
  try {
    return await readOnce(fetchPage);
  } catch (error) {
    if (!(error instanceof IncompleteError)) throw error;
    throw new RemoteError(`list incomplete: ${error.message}`, {
      consequence: "unavailable",
      status: 200,
      errorCode: null,
      attempts: 1,
    });
  }
}

class IncompleteError extends Error {}

async function readOnce(fetchPage: FetchPage): Promise<readonly LiveRecord[]> {
  const first = await fetchPage(0, new AbortController().signal);
  const list = new GrowingList(first);
  if (list.isComplete) return list.records;
  const size = first.records.length;
  const expected = first.total === undefined ? 1 : Math.ceil(first.total / size);
  if (expected > mostPages) throw new IncompleteError(`${expected} pages are more than can be right`);
  for (const page of await fetchTogether(fetchPage, expected)) list.add(page);
  for (let number = expected; !list.isComplete; number++) {
    if (number > mostPages) throw new IncompleteError(`no end after ${mostPages} pages`);
    list.add(await fetchPage(number, new AbortController().signal));
  }
  return list.records;
}

/** Pages 1 up to, and without, `end`; the first failure breaks off the others. */
async function fetchTogether(fetchPage: FetchPage, end: number): Promise<Page[]> {
  const stop = new AbortController();
  const fetches = Array.from({ length: end - 1 }, (_, index) =>
    fetchPage(index + 1, stop.signal).catch((error: unknown) => {
      stop.abort(error);
      throw error;
    }),
  );
  const results = await Promise.allSettled(fetches);
  if (stop.signal.aborted) throw stop.signal.reason;
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

/** The distinct keys of the pages so far. */
class GrowingList {
  readonly #seen = new Map<string, LiveRecord>();
  readonly #total: number | undefined;
  #barren = 0;
  #ended: boolean;

  constructor(first: Page) {
    this.#total = first.total;
    this.#ended = first.total === undefined && first.records.length === 0;
    if (this.#total !== 0 || first.records.length > 0) this.add(first);
  }

  get records(): readonly LiveRecord[] {
    return [...this.#seen.values()];
  }

  get isComplete(): boolean {
    return this.#ended || this.#seen.size === this.#total;
  }

  add(page: Page): void {
    const total = this.#total;
    if (this.#ended) return;
    if (page.total !== total) {
      throw new IncompleteError(`the total changed from ${total ?? "none"} to ${page.total ?? "none"}`);
    }
    if (page.records.length === 0) {
      if (total !== undefined)
        throw new IncompleteError(`${this.#seen.size} of ${total} keys, then an empty page`);
      this.#ended = true;
      return;
    }
    const before = this.#seen.size;
    for (const record of page.records) {
      if (!this.#seen.has(record.key.id)) this.#seen.set(record.key.id, record);
    }
    if (total !== undefined && this.#seen.size > total) {
      throw new IncompleteError(`at least ${this.#seen.size} keys, but a total of ${total}`);
    }
    this.#barren = this.#seen.size === before ? this.#barren + 1 : 0;
    if (this.#barren === 2) throw new IncompleteError("the same keys on page after page");
  }
}
