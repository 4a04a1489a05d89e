import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { apply, type ApplyFlags } from "../../src/commands/apply.ts";
import { explain } from "../../src/commands/explain.ts";
import { plan, type PlanFlags } from "../../src/commands/plan.ts";
import { status } from "../../src/commands/status.ts";
import { validate, type ValidateFlags } from "../../src/commands/validate.ts";
import { checkedResult } from "../render/results.ts";
import { idOf, key, useSimulators } from "../simulator/support.ts";
import { useWorkplaces, type Ran, type Workplace } from "./run-command.ts";

const startSimulator = useSimulators();
const makeWorkplace = useWorkplaces();
const day = 86_400_000;
let place: Workplace;

beforeEach(async () => {
  place = makeWorkplace(await startSimulator({ keys: [key(1, { name: "k" })] }));
  mkdirSync(place.policies);
});

function write(overrides: readonly string[], own = "{ name: k, expires_at: null, description: null }"): void {
  const text = `apiVersion: keysteward/v1
kind: KeyPolicy
metadata: { name: timed }
spec:
  keyId: ${idOf(1)}
  key: ${own}
  overrides:
${overrides.map((one) => `    - ${one}\n`).join("")}`;
  writeFileSync(join(place.policies, "timed.yaml"), text);
}

/** The instant so many days from now, in whole seconds. */
function inDays(days: number): string {
  return new Date(Math.floor(Date.now() / 1000) * 1000 + days * day).toISOString().replace(".000Z", "Z");
}

const launch = "{ until: 2099-01-01T00:00:00Z, reason: launch week, key: { description: launch } }";
const later =
  "{ from: 2098-01-01T00:00:00Z, until: 2098-02-01T00:00:00Z, reason: audit, key: { expires_at: 2099-06-01T00:00:00Z } }";

const run = (flags: PlanFlags = {}): Promise<Ran> => place.run(plan, flags);

describe("a plan", () => {
  test("sets what is in force, and shows what will change by itself, and when", async () => {
    write([launch, later]);
    const { exitCode, stdout } = await run();
    expect(exitCode).toBe(2);
    expect(stdout).toContain(`  + description: (empty) -> launch (new, ${place.policies}/timed.yaml:8)\n`);
    expect(stdout).toContain(`\
override begins 2098-01-01T00:00:00Z (timed, 1 key): audit ${place.policies}/timed.yaml:9
  ~ expires_at: (empty) -> 2099-06-01T00:00:00Z (tightens, ${place.policies}/timed.yaml:9)
override ends 2098-02-01T00:00:00Z (timed, 1 key): audit ${place.policies}/timed.yaml:9
  ~ expires_at: 2099-06-01T00:00:00Z -> (empty) (loosens, ${place.policies}/timed.yaml:6)
override ends 2099-01-01T00:00:00Z (timed, 1 key): launch week ${place.policies}/timed.yaml:8
  ~ description: launch -> (empty) (neutral, ${place.policies}/timed.yaml:6)
`);
  });

  test("has it as data", async () => {
    write([launch, later]);
    const result = checkedResult("plan", (await run({ format: "json" })).stdout);
    expect(result["at"]).toBe(null);
    expect(result["overrides"]).toMatchObject([
      {
        policy: "timed",
        mode: "enforce",
        keys: 1,
        inForce: [{ from: null, until: "2099-01-01T00:00:00Z", reason: "launch week", line: 8 }],
        upcoming: [
          {
            at: "2098-01-01T00:00:00Z",
            begins: [{ from: "2098-01-01T00:00:00Z", reason: "audit" }],
            ends: [],
            fields: [
              {
                path: "expires_at",
                from: null,
                to: "2099-06-01T00:00:00Z",
                rank: "tightens",
                source: "override of timed until 2098-02-01T00:00:00Z",
              },
            ],
          },
          { at: "2098-02-01T00:00:00Z", begins: [], ends: [{ reason: "audit" }] },
          {
            at: "2099-01-01T00:00:00Z",
            fields: [{ path: "description", from: "launch", to: null, source: "timed" }],
          },
        ],
      },
    ]);
  });

  test("shows it on a pull request", async () => {
    write([launch]);
    const { stdout } = await run({ format: "github" });
    expect(stdout).toContain("! ends 2099-01-01T00:00:00Z: launch week");
    expect(stdout).toContain("- launch\n+ (empty)\n");
  });

  test("tells of an end that is near, with what will happen then", async () => {
    const end = inDays(3);
    write([`{ until: ${end}, reason: launch week, key: { description: launch } }`]);
    const { stdout } = await run();
    expect(stdout).toContain(
      `override-ends ${idOf(1)} (timed): the override until ${end} (launch week; ${place.policies}/timed.yaml:8) ends ` +
        'within 7 days; then description goes from "launch" to null\n',
    );
  });
});

describe("a forecast", () => {
  beforeEach(async () => {
    write([launch, later]);
    await place.run<ApplyFlags>(apply, { yes: true });
  });

  test("is what will be in force then, against the keys as they are now, and says so", async () => {
    const { exitCode, stdout } = await run({ at: "2099-01-01" });
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(
      /^Forecast: what the policies will ask for at 2099-01-01T00:00:00Z, compared with the keys as they are now; it can be neither applied nor approved\.\n/,
    );
    expect(stdout).toContain(`  - description: launch -> (empty) (policy, ${place.policies}/timed.yaml:6)\n`);
    expect(stdout).toMatch(/1 key governed of 1 live; at 2099-01-01T00:00:00Z\n$/);
    expect(stdout).not.toContain("digest");
    const unchanged = await run({ at: "2097-01-01T00:00:00+02:00" });
    expect(unchanged).toMatchObject({ exitCode: 0 });
    expect(unchanged.stdout).toContain("Nothing would change.");
  });

  test("has a digest that is no plan's, so that nobody can apply it", async () => {
    const result = checkedResult("plan", (await run({ at: "2099-01-01", format: "json" })).stdout);
    expect(result).toMatchObject({
      at: "2099-01-01T00:00:00Z",
      heldDigest: null,
      changes: [{ policy: "timed" }],
    });
    // The same change as a plan of now.
    writeFileSync(
      join(place.policies, "timed.yaml"),
      `apiVersion: keysteward/v1\nkind: KeyPolicy\nmetadata: { name: timed }\nspec: { keyId: ${idOf(1)}, key: { name: k, expires_at: null, description: null } }\n`,
    );
    const now = checkedResult("plan", (await run({ format: "json" })).stdout);
    expect(now["changes"]).toMatchObject([{ fields: [{ path: "description", from: "launch", to: null }] }]);
    expect(now["digest"]).not.toBe(result["digest"]);
    const applied = await place.run<ApplyFlags>(apply, { expect: result["digest"] as string });
    expect(applied.exitCode).toBe(6);
    expect(applied.stdout).toContain("Nothing was written");
  });

  test("is marked on a pull request, without a command that applies it", async () => {
    const { stdout } = await run({ at: "2099-01-01", format: "github" });
    expect(stdout).toContain(
      "<!-- keysteward forecast -->\n### Keysteward, forecast for 2099-01-01T00:00:00Z: 1 change\n",
    );
    expect(stdout).not.toContain("keysteward plan -->");
    expect(stdout).not.toMatch(/Digest|apply --expect/);
  });

  test("is for an instant from now on", async () => {
    await expect(run({ at: "2020-01-01" })).rejects.toThrow(/is over/);
    await expect(run({ at: "7d" })).rejects.toThrow(/is no instant/);
    await expect(run({ at: "2099-02-30" })).rejects.toThrow(/is no instant/);
  });
});

test("once applied, status says how many are in force and what comes next, and the next plan is empty", async () => {
  write([launch, later]);
  await place.run<ApplyFlags>(apply, { yes: true });
  expect((await run()).exitCode).toBe(0);
  const human = await place.run(status);
  expect(human).toMatchObject({ exitCode: 0 });
  expect(human.stdout).toContain(
    "  1 override in force; the next one begins or ends 2098-01-01T00:00:00Z (timed)\n",
  );
  const result = checkedResult("status", (await place.run(status, { format: "json" })).stdout);
  expect(result["overrides"]).toEqual({ inForce: 1, next: { at: "2098-01-01T00:00:00Z", policy: "timed" } });
});

test("explain names the override that says a field, what it wins over, and what comes after it", async () => {
  write([launch]);
  const { stdout } = await place.run((io, flags) => explain(io, "timed", flags));
  expect(stdout).toContain(`\
description: "launch" ${place.policies}/timed.yaml:8:66 (override of timed until 2099-01-01T00:00:00Z)
    over (empty) ${place.policies}/timed.yaml:6:37 (timed)
`);
  expect(stdout).toContain("override ends 2099-01-01T00:00:00Z (timed): launch week");
  const json = await place.run((io, flags) => explain(io, "timed", flags), { format: "json" });
  expect(checkedResult("explain", json.stdout)).toMatchObject({
    overrides: {
      inForce: [{ until: "2099-01-01T00:00:00Z" }],
      upcoming: [{ fields: [{ path: "description", from: "launch", to: null }] }],
    },
  });
});

describe("validate", () => {
  const check = (flags: ValidateFlags = {}): Promise<Ran> => place.run(validate, flags);
  const codes = async (flags: ValidateFlags = {}): Promise<unknown> => {
    const result = checkedResult("validate", (await check({ ...flags, format: "json" })).stdout);
    return (result["problems"] as { code: string; path: string }[]).map(({ code, path }) => [code, path]);
  };

  test("warns of what is over, and of what ends within a week", async () => {
    const [over, soon, far] = [inDays(-1), inDays(6), inDays(8)].map(
      (until) => `{ until: ${until}, reason: x, key: { name: k } }`,
    );
    write([over!, soon!, far!]);
    expect(await codes()).toEqual([
      ["KS1354", "spec.overrides[0].until"],
      ["KS1355", "spec.overrides[1].until"],
    ]);
    const { exitCode, stdout } = await check();
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`timed.yaml:9:9 warning KS1355`);
  });

  test("is not satisfied with an override that will break the key one day, and is once it is over", async () => {
    const usage = "{ name: k, usage_limits: { credit_limit: 500, alert_threshold: 400 } }";
    const dip = "from: 2098-01-01T00:00:00Z, until: 2098-02-01T00:00:00Z, reason: dip";
    write([`{ ${dip}, key: { usage_limits: { credit_limit: 100 } } }`], usage);
    expect((await check()).exitCode).toBe(3);
    expect(await codes()).toEqual([["KS1403", "spec.key.usage_limits.alert_threshold"]]);
    expect(await codes({ at: "2098-02-01" })).toEqual([["KS1354", "spec.overrides[0].until"]]);
    expect((await check({ at: "2098-02-01" })).stdout).toContain("valid at 2098-02-01T00:00:00Z: ");
  });
});
