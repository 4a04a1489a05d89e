import { expect, test } from "vitest";
import { makePlace } from "./cli.ts";

test("the demo shows the main job against the simulator, and ends by itself where there is no terminal", async () => {
  const place = makePlace();
  try {
    place.env = { PATH: process.env["PATH"] ?? "" };
    const { exitCode, stdout, stderr } = await place.run("demo");
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("in the end");
    expect(stdout).toContain("Nothing to change.");
    expect(stdout).not.toMatch(/\u001b\[/);
  } finally {
    await place.remove();
  }
}, 120_000);
