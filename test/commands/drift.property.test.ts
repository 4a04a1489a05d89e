import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { apply } from "../../src/commands/apply.ts";
import { acceptDrift, type DriftFlags } from "../../src/commands/drift.ts";
import { importKeys } from "../../src/commands/import-keys.ts";
import { plan } from "../../src/commands/plan.ts";
import { validate } from "../../src/commands/validate.ts";
import { holds, timeFor } from "../property.ts";
import { checkedResult } from "../render/results.ts";
import { useSimulators } from "../simulator/support.ts";
import { useWorkplaces, type Workplace } from "./run-command.ts";
import { anyModel, anyStoredKey } from "./stored-keys.ts";

/*
 * Keys of one shape become policies, and then somebody makes the first of them one of another shape. For every two shapes:
 *
 *   1. drift accept writes what it says it writes, and the policies are valid as before;
 *   2. what it accepted is not in the plan any more; where it left nothing, the plan is empty, and nothing was sent;
 *   3. no line goes but those that it tells of, and the other key's file is the same byte for byte;
 *   4. a second one has nothing to accept but what the first one left.
 */

const startSimulator = useSimulators();
const makeWorkplace = useWorkplaces();

test(
  "what somebody did to a key can be accepted into its policy, and then nothing is to do",
  (context) =>
    holds(
      context,
      "drift: accepted",
      fc.asyncProperty(
        anyStoredKey,
        anyStoredKey,
        anyModel,
        fc.constantFrom("leave", "null"),
        async (before, after, model, empty) => {
          const simulator = await startSimulator({ model });
          try {
            const { id } = simulator.create(before);
            simulator.create({ name: "another" });
            const workplace = makeWorkplace(simulator);
            expect((await workplace.run(importKeys, { empty, flat: true })).exitCode).toBe(0);
            expect((await workplace.run(apply, {})).exitCode).toBe(0);
            const { type: _type, id: _id, ...patch } = after;
            simulator.edit(id, patch);

            const texts = filesOf(workplace);
            const ran = await workplace.run<DriftFlags>((io, flags) => acceptDrift(io, id, flags), {
              format: "json",
            });
            const result = checkedResult("drift", ran.stdout);
            const told = `${ran.stdout}${ran.stderr}`;
            const isDone = result["outcome"] === "written" || result["outcome"] === "nothing";
            expect(ran.exitCode, told).toBe(isDone ? 0 : 6);
            expect((await workplace.run(validate, {})).exitCode, told).toBe(0);

            const planned = JSON.parse((await workplace.run(plan, { format: "json" })).stdout);
            const paths: string[] = planned.changes.flatMap((change: any) =>
              change.fields.map((one: any) => one.path),
            );
            const left: string[] = result["left"].map((one: any) => one.path);
            for (const path of paths)
              expect(
                left.some((one) => isIn(path, one)),
                `${path}\n${told}`,
              ).toBe(true);
            if (left.length === 0) expect(planned.changes, told).toEqual([]);
            expect(simulator.requests.filter(({ method }) => method !== "GET")).toEqual([]);

            const edited = new Set(result["files"].map((one: any) => one.file));
            for (const [file, text] of filesOf(workplace)) {
              if (edited.has(file)) expect(text).not.toBe(texts.get(file));
              else expect(text).toBe(texts.get(file));
              const gone = comments(texts.get(file)!).filter((line) => !comments(text).includes(line));
              expect(gone, told).toEqual([]);
            }
            const again = await workplace.run<DriftFlags>((io, flags) => acceptDrift(io, id, flags), {
              format: "json",
            });
            expect(checkedResult("drift", again.stdout)["accepted"], told).toEqual([]);
          } finally {
            await simulator.close();
          }
        },
      ),
    ),
  timeFor("drift: accepted"),
);

function isIn(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}.`) || outer.startsWith(`${path}.`);
}

function filesOf({ policies }: Workplace): ReadonlyMap<string, string> {
  return new Map(
    readdirSync(policies).map((name) => [join(policies, name), readFileSync(join(policies, name), "utf8")]),
  );
}

function comments(text: string): string[] {
  return text.split("\n").filter((line) => line.trimStart().startsWith("#"));
}
