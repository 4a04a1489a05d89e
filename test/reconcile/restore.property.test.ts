import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalScalar, isObject } from "../../src/core/canonical.ts";
import { sameField } from "../../src/core/fields.ts";
import type { Canonical, FieldPath, LiveKey } from "../../src/core/key.ts";
import { liveValue } from "../../src/core/live.ts";
import { readBack } from "../../src/reconcile/read-back.ts";
import { keyBlock, storedKey, variant } from "../core/arbitraries.ts";
import { now, settleMs } from "../core/build.ts";
import type { Variant } from "../core/model-server.ts";
import { holds, timeFor } from "../property.ts";
import { one, pastOf, restore, rigWith } from "./restoring.ts";

/** The fields of a baseline that are not as they were. */
function notAsBefore(paths: Iterable<FieldPath>, before: LiveKey, after: LiveKey): unknown[] {
  return [...paths].flatMap((path) => {
    const was = liveValue(before, path);
    const is = liveValue(after, path);
    if (was === undefined || is === undefined) return [];
    // Next rotations are the server's: of a policy with a period, the period is what is put back.
    const isDate = path === "rotation_policy.next_rotation_at" && isPeriodic(before);
    if (isDate || (path === "rotation_policy" && was !== null)) return [];
    // There is no way back to "unset", which has the effect of true.
    const wanted = path === "defaults.allow_config_override" && was === null ? true : was;
    return sameField(path, { desired: asTexts(wanted), live: asTexts(is), now }) ? [] : [[path, was, is]];
  });
}

function isPeriodic(key: LiveKey): boolean {
  const parts = ["rotation_period", "rotation_period_days"];
  return parts.some((part) => (liveValue(key, `rotation_policy.${part}`) ?? null) !== null);
}

/** Metadata as what it is compared by, also where a policy speaks of it as a whole. */
function asTexts(value: Canonical): Canonical {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, canonicalScalar(inner)]));
}

test(
  "whatever a policy made of a key, it is put back as it was, and what reads back proves it",
  async (context) => {
    await holds(
      context,
      "restore: to the baseline",
      fc.asyncProperty(keyBlock, storedKey, variant, async (block, key, kind) => {
        // Out of a server that merges names of metadata none can ever be taken: nothing could be put back there.
        const server: Variant = { ...kind, metadata: "replace" };
        const rig = rigWith(key, block, server);
        const before = await rig.ports.reader.get(one);
        await rig.enforce(await rig.survey());
        const { baseline } = pastOf(rig);
        if (baseline.size === 0) return;
        const { signal } = new AbortController();
        await readBack(rig.ports, { pass: "look-1", settleMs, signal });
        await restore(rig);
        const after = await rig.ports.reader.get(one);
        expect(notAsBefore(baseline.keys(), before.key, after.key)).toEqual([]);
        rig.setNow(now + settleMs);
        const proofs = await readBack(rig.ports, { pass: "look-2", settleMs, signal });
        expect(proofs.filter(({ kind: found }) => found !== "proved")).toEqual([]);
      }),
    );
  },
  timeFor("restore: to the baseline"),
);
