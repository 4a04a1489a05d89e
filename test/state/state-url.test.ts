import { resolve } from "node:path";

import { describe, expect, it } from "vitest";

import { AppError } from "../../src/errors.ts";
import { parseStateUrl } from "../../src/state/state-url.ts";
import { thrownBy } from "./fixtures.ts";

describe("the state's URL", () => {
  it.each([
    ["sqlite:state.db", resolve("state.db")],
    ["sqlite:.keysteward/state.db", resolve(".keysteward/state.db")],
    ["sqlite:/var/lib/keysteward/state.db", "/var/lib/keysteward/state.db"],
    ["sqlite:///var/lib/keysteward/state.db", "/var/lib/keysteward/state.db"],
    ["SQLite:state.db", resolve("state.db")],
    ["sqlite:a b%20c?d#e.db", resolve("a b%20c?d#e.db")],
  ])("reads %s as a path", (url, path) => {
    expect(parseStateUrl(url)).toEqual({ kind: "sqlite", path });
  });

  it.each([
    ["", /no scheme/],
    ["state.db", /no scheme/],
    ["/var/lib/state.db", /no scheme/],
    ["sqlite:", /names no file/],
    ["sqlite:dir/", /names no file/],
    ["sqlite://", /names a host/],
    ["sqlite://host/state.db", /names a host/],
    ["sqlite::memory:", /in memory/],
    ["sqlite:a\0b", /NUL/],
    ["file:state.db", /unknown scheme file:/],
    ["postgres://steward:hunter2@db.example.com/state", /PostgreSQL/],
    ["postgresql://steward:hunter2@db.example.com/state", /PostgreSQL/],
    ["mysql://steward:hunter2@db.example.com/state", /unknown scheme mysql:/],
  ])("refuses %j and says why, without repeating a password", (url, message) => {
    const error = thrownBy(() => parseStateUrl(url));
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: "CONFIG_INVALID", exitCode: 4 });
    expect((error as AppError).message).toMatch(message);
    expect((error as AppError).hint).toContain("sqlite:PATH");
    expect(`${(error as AppError).message}${(error as AppError).hint ?? ""}`).not.toContain("hunter2");
  });
});
