import type { Report } from "../lib/report.ts";
import type { Workshop } from "../lib/policies.ts";

/** What a part of the benchmark is given. */
export interface Bench {
  readonly report: Report;
  readonly workshop: Workshop;
  /** How many keys or files, where a part has one size. */
  readonly size: number;
  /** The sizes of the growth tables, in rising order. */
  readonly sizes: readonly number[];
}

/** One part: measures and prints. */
export type Part = (bench: Bench) => Promise<void>;
