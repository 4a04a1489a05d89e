import type { Assembled } from "../assemble.ts";
import type { LiveKey } from "../core/key.ts";
import { labelsByKey, type LabelsOf } from "../core/live-violations.ts";
import type { Problem } from "../core/problem.ts";
import { nothingLive, type Resolution } from "../core/resolve.ts";
import { AppError } from "../errors.ts";
import { resolveContext } from "../reconcile/selection-memory.ts";

/** What the policies cover, for a command that looks at live keys whether there are policies yet or not. */
export interface CoveragePolicies {
  readonly resolution: Resolution;
  /** Names that policies have. */
  readonly names: ReadonlySet<string>;
  readonly labelsOf: LabelsOf;
  /** Errors for which nobody can say what is covered. */
  readonly blocking: readonly Problem[];
}

/**
 * A directory that is not there yet, or empty, is where a team begins: nothing is covered. Unless policies were applied
 * before: then it was lost, and USAGE is thrown. With live keys, what depends on them is judged too.
 */
export function loadCoverage({ ports }: Assembled, live?: Iterable<LiveKey>): CoveragePolicies {
  const set = ports.policies.load();
  const names = new Set(set.policies.map(({ name }) => name));
  const blocking = set.problems.filter(
    ({ severity, code }) => severity === "error" && code !== "KS1001" && code !== "KS1003",
  );
  if (set.trusted) {
    const { state, clock } = ports;
    const now = clock.now();
    const context = live === undefined ? nothingLive(now) : resolveContext({ state, now }, live);
    const resolution = ports.resolve(set, context);
    const errors = resolution.problems.filter(({ severity }) => severity === "error");
    return { resolution, names, labelsOf: labelsByKey(set, resolution), blocking: errors };
  }
  const known = ports.state.applied().size;
  if (known > 0 && blocking.length === 0) {
    throw new AppError("USAGE", `there are no policies, but some were applied to ${known} keys before`, {
      hint: "Check --policies: the directory may have been lost or moved. To begin anew, name another --state.",
    });
  }
  const resolution: Resolution = { desired: new Map(), held: [], guardrails: [], problems: set.problems };
  return { resolution, names, labelsOf: labelsByKey(set, resolution), blocking };
}
