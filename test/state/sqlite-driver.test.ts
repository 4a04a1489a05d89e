import { spawnSync } from "node:child_process";

import { describe, expect, it } from "vitest";

import { AppError } from "../../src/errors.ts";
import { loadDriver } from "../../src/state/sqlite-driver.ts";
import { thrownBy } from "./fixtures.ts";

describe("the SQLite driver", () => {
  it("is the one that Node brings along where it does", () => {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    const builtIn = major > 22 || (major === 22 && minor >= 13);
    expect(loadDriver().name).toBe(builtIn ? "node:sqlite" : "better-sqlite3");
  });

  it("says which of the two to install when neither loads, and what each said", () => {
    function absent(name: string): () => never {
      return () => {
        throw new Error(`Cannot find module '${name}'\nRequire stack:\n- somewhere`);
      };
    }
    const error = thrownBy(() => loadDriver([absent("one"), absent("two")]));
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: "STATE_DRIVER_MISSING", exitCode: 4 });
    expect((error as AppError).message).toContain("(Cannot find module 'one'; Cannot find module 'two')");
    expect((error as AppError).hint).toMatch(/Node 22\.13.*better-sqlite3/);
  });

  it("takes the second where the first is absent", () => {
    const driver = loadDriver([
      () => {
        throw new Error("absent");
      },
      loadDriver,
    ]);
    expect(driver).toHaveProperty("name");
  });

  it("prints no warning that SQLite is experimental, and swallows no other", () => {
    const script = `
      import { loadDriver } from "./src/state/sqlite-driver.ts";
      loadDriver().open(":memory:", { readOnly: false }).close();
      process.emitWarning("kept", "ExperimentalWarning");
    `;
    const { stderr, status } = spawnSync(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", script],
      { encoding: "utf8" },
    );
    expect(status).toBe(0);
    expect(stderr).toContain("kept");
    expect(stderr).not.toContain("SQLite");
  });
});
