/*
 * Runs the property tests with many more cases than CI: one million, or KEYSTEWARD_PROPERTY_CASES. Prints the seed
 * (KEYSTEWARD_PROPERTY_SEED makes it the same again), what is run, and at the end how many cases each test has run; fails
 * when one breaks its property, when fewer cases ran than were asked for, or when KEYSTEWARD_SOAK_MINUTES (180) are over.
 */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

function wholeNumber(name: string, usual: number): number {
  const text = process.env[name];
  if (text === undefined) return usual;
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new Error(`${name} must be a whole number, not "${text}"`);
  return Number(text);
}

async function soak(): Promise<number> {
  const cases = wholeNumber("KEYSTEWARD_PROPERTY_CASES", 1_000_000);
  const seed = wholeNumber("KEYSTEWARD_PROPERTY_SEED", randomInt(1, 2 ** 31));
  const minutes = wholeNumber("KEYSTEWARD_SOAK_MINUTES", 180);
  console.log(`soak: ${cases} cases, seed ${seed}, at most ${minutes} minutes`);
  const started = performance.now();
  const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
  // A group of its own: a worker that counts and never waits would not hear that its parent has ended.
  const child = spawn(process.execPath, [vitest, "run", ".property.test.ts"], {
    cwd: new URL("..", import.meta.url),
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
    env: {
      ...process.env,
      KEYSTEWARD_PROPERTY_CASES: String(cases),
      KEYSTEWARD_PROPERTY_SEED: String(seed),
      KEYSTEWARD_PROPERTY_LEAST: String(cases),
    },
  });
  const endGroup = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  const late = setTimeout(endGroup, minutes * 60_000);
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, endGroup);
  const [exitCode] = (await once(child, "exit")) as [number | null];
  clearTimeout(late);
  const seconds = (performance.now() - started) / 1000;
  if (exitCode === null) console.error(`ended before its time, at the latest after ${minutes} minutes`);
  console.log(`soak: ${cases} cases, seed ${seed}, ${seconds.toFixed(0)} s, exit code ${exitCode ?? 1}`);
  return exitCode ?? 1;
}

process.exitCode = await soak();
