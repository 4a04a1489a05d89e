import { describe, expect, it } from "vitest";

import { migrate, schemaVersion } from "../../src/state/schema.ts";
import { behind, useStates } from "./use-states.ts";

const states = useStates();

describe("the schema", () => {
  const steps = ["CREATE TABLE one (a)", "INSERT INTO one VALUES (1); CREATE TABLE two (a)"];

  it("goes forward from wherever it stands, each step once", () => {
    behind(states.path(), (db) => {
      migrate(db, 0, steps.slice(0, 1));
      expect(schemaVersion(db, "here")).toBe(1);
      migrate(db, schemaVersion(db, "here"), steps);
      migrate(db, schemaVersion(db, "here"), steps);
      expect(schemaVersion(db, "here")).toBe(2);
      expect(db.prepare("SELECT count(*) AS count FROM one").get()).toEqual({ count: 1 });
    });
  });

  it("takes all of its steps or none", () => {
    behind(states.path(), (db) => {
      expect(() => migrate(db, 0, [...steps, "CREATE TABLE two (a)"])).toThrow(/already exists/);
      expect(schemaVersion(db, "here")).toBe(0);
      expect(db.prepare("SELECT count(*) AS count FROM sqlite_schema").get()).toEqual({ count: 0 });
    });
  });
});
