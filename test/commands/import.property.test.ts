import { readdirSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { apply } from "../../src/commands/apply.ts";
import { importKeys } from "../../src/commands/import-keys.ts";
import { plan } from "../../src/commands/plan.ts";
import { validate } from "../../src/commands/validate.ts";
import { holds, timeFor } from "../property.ts";
import { useSimulators } from "../simulator/support.ts";
import { useWorkplaces } from "./run-command.ts";
import { anyModel, anyStoredKey } from "./stored-keys.ts";

/*
 * For every shape that the simulator can hold:
 *
 *   1. import makes a policy for each key, and validate finds no error in any of them;
 *   2. the next plan is empty, and says nothing;
 *   3. apply makes no request but reads, and then the ledger knows each key: the plan after it is empty too;
 *   4. a second import makes nothing: every key has its policy;
 *   5. the names of the files are words that every file system takes, and no two differ in case alone.
 */

const startSimulator = useSimulators();
const makeWorkplace = useWorkplaces();
const fileName = /^[a-z0-9][a-z0-9._-]{0,99}\.yaml$/;

test(
  "import, then nothing is to do, and nothing is sent, whatever the control plane holds",
  (context) =>
    holds(
      context,
      "import: the next plan",
      fc.asyncProperty(
        fc.array(anyStoredKey, { minLength: 1, maxLength: 6 }),
        anyModel,
        fc.constantFrom("leave", "null"),
        async (keys, model, empty) => {
          const simulator = await startSimulator({ model });
          try {
            for (const given of keys) simulator.create(given);
            const workplace = makeWorkplace(simulator);

            const imported = await workplace.run(importKeys, { empty, format: "json" });
            expect(imported.exitCode, imported.stderr).toBe(0);
            const { files } = JSON.parse(imported.stdout) as { files: { outcome: string }[] };
            expect(files.map(({ outcome }) => outcome)).toEqual(keys.map(() => "written"));

            const checked = await workplace.run(validate, {});
            expect(checked.exitCode, checked.stdout).toBe(0);
            const planned = await workplace.run(plan, { format: "json" });
            expect(JSON.parse(planned.stdout)).toMatchObject({ changes: [], notices: [] });
            expect(planned.exitCode).toBe(0);

            expect((await workplace.run(apply, {})).exitCode).toBe(0);
            expect(simulator.requests.filter(({ method }) => method !== "GET")).toEqual([]);
            expect((await workplace.run(plan, {})).exitCode).toBe(0);

            const again = await workplace.run(importKeys, { format: "json" });
            expect(JSON.parse(again.stdout)).toMatchObject({ files: [], governed: keys.length });
            const names = readdirSync(workplace.policies, { recursive: true, encoding: "utf8" })
              .filter((name) => name.includes("/"))
              .map((name) => name.slice(name.indexOf("/") + 1));
            for (const name of names) expect(name).toMatch(fileName);
            expect(new Set(names).size).toBe(keys.length);
          } finally {
            await simulator.close();
          }
        },
      ),
    ),
  timeFor("import: the next plan"),
);
