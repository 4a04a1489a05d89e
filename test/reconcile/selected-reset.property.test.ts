import fc from "fast-check";
import { expect, test } from "vitest";
import type { KeyPolicy } from "../../src/core/policy.ts";
import { keyId, now, policy, settleMs } from "../core/build.ts";
import { holds, timeFor } from "../property.ts";
import { emptyDisk } from "./fake-state.ts";
import { createRig, stored } from "./rig.ts";

/*
 * Of a key that comes under selectors and leaves them, while their tokens change: usage is reset in a step exactly if the
 * policy whose token counts had the key before, with another token or none. A key that nobody selects is nobody's: it comes back as a new one.
 */

const one = keyId(1);
const globs = { high: "a-*", middle: "*b", low: "a*" } as const;
type Name = keyof typeof globs;
const names: readonly Name[] = ["high", "middle", "low"];
/** Which of them select a key of this name. */
const selectedAs: Readonly<Record<string, readonly Name[]>> = {
  "a-b": ["high", "middle", "low"],
  "a-x": ["high", "low"],
  ab: ["middle", "low"],
  xb: ["middle"],
  ax: ["low"],
  zz: [],
};

interface Step {
  readonly key: string;
  readonly changes: readonly { readonly of: Name; readonly to: "next" | "none" | "before" }[];
  readonly kinds: readonly ("edit" | "reconcile")[];
}

const step: fc.Arbitrary<Step> = fc.record({
  key: fc.constantFrom(...Object.keys(selectedAs)),
  changes: fc.array(
    fc.record({ of: fc.constantFrom(...names), to: fc.constantFrom("next", "next", "none", "before") }),
    { maxLength: 2 },
  ),
  kinds: fc.array(fc.constantFrom("edit", "reconcile"), { maxLength: 2 }),
});

/** What the rule says, told plainly. */
class Told {
  readonly had = new Map<Name, string | undefined>();
  #counted: string | undefined;

  isReset(selecting: readonly Name[], tokens: ReadonlyMap<Name, string>): boolean {
    if (selecting.length === 0) {
      // Whoever has it next has it anew.
      this.had.clear();
      return false;
    }
    const owner = selecting.find((name) => tokens.has(name));
    const token = owner === undefined ? undefined : tokens.get(owner);
    const isReset =
      owner !== undefined && this.had.has(owner) && this.had.get(owner) !== token && this.#counted !== token;
    for (const name of names) {
      if (selecting.includes(name)) this.had.set(name, tokens.get(name) ?? this.had.get(name));
      else this.had.delete(name);
    }
    this.#counted = token ?? this.#counted;
    return isReset;
  }
}

test(
  "usage is reset for a change of a token alone, whoever selects the key",
  { timeout: timeFor("resets of usage: selected keys") },
  async (context) => {
    await holds(
      context,
      "resets of usage: selected keys",
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
        const disk = emptyDisk();
        const resets = { made: new Map<string, number[]>(), shown: true, lagMs: 0 };
        const told = new Told();
        const tokens = new Map<Name, string>();
        const earlier = new Map<Name, string>();
        let keys = new Map([[one, stored({ description: "wanted" })]]);
        let time = now;
        let count = 0;
        for (const { key, changes, kinds } of steps) {
          keys.set(one, { ...keys.get(one)!, name: key });
          for (const { of, to } of changes) {
            const old = tokens.get(of);
            const token =
              to === "next" ? `${of}-${(count += 1)}` : to === "before" ? earlier.get(of) : undefined;
            if (token === undefined) tokens.delete(of);
            else tokens.set(of, token);
            if (old !== undefined) earlier.set(of, old);
          }
          const policies = names.map((name, index): KeyPolicy => {
            const match = { name: globs[name] };
            return policy({
              ...{ name, match, priority: 9 - index, key: { description: "wanted" } },
              resetUsage: tokens.get(name),
            });
          });
          const before = resets.made.get(one)?.length ?? 0;
          // The first pass looks at the live keys: by what name the key is selected shows in them.
          for (const kind of ["reconcile", ...kinds] as const) {
            time += 20 * settleMs;
            const rig = createRig({ policies, keys, disk, resets });
            rig.setNow(time);
            await rig.enforce(await rig.survey(kind));
            keys = new Map(rig.plane.keys);
          }
          const expected = told.isReset(selectedAs[key]!, tokens) ? 1 : 0;
          expect((resets.made.get(one)?.length ?? 0) - before).toBe(expected);
        }
      }),
    );
  },
);
