import { describe, expect, it } from "vitest";
import type { KeptGuardrail } from "../../src/core/guardrail.ts";
import { migrate, migrations, schemaVersion } from "../../src/state/schema.ts";
import { behind, useStates } from "./use-states.ts";

const states = useStates();

const kept = (name: string): KeptGuardrail => ({
  name,
  source: { kind: "Guardrail", spec: { schema: { required: [name], "1": [null, "é"] } } },
  file: `policies/${name}.yaml`,
  line: 7,
});

describe("the guardrails in force", () => {
  it("come back as they were kept, in their order, for the next writer and for who reads beside it", () => {
    const path = states.path();
    const state = states.open(path);
    state.saveGuardrails([kept("b"), kept("a"), kept("b")]);
    expect(state.guardrails()).toEqual([kept("b"), kept("a"), kept("b")]);
    expect(states.open(path, "read").guardrails()).toEqual([kept("b"), kept("a"), kept("b")]);
    state.close();
    expect(states.open(path).guardrails()).toEqual([kept("b"), kept("a"), kept("b")]);
  });

  it("are replaced whole: what is not among them has ended", () => {
    const state = states.open(states.path());
    state.saveGuardrails([kept("a"), kept("b")]);
    state.saveGuardrails([kept("b")]);
    expect(state.guardrails()).toEqual([kept("b")]);
    state.saveGuardrails([]);
    expect(state.guardrails()).toEqual([]);
  });

  it("are none where there is no state, and cannot be kept by who only reads", () => {
    const reader = states.open(states.path(), "read");
    expect(reader.guardrails()).toEqual([]);
    expect(() => reader.saveGuardrails([])).toThrow(/reading only/);
  });

  it("are none in a state of the version before", () => {
    const path = states.path();
    behind(path, (db) => migrate(db, 0, migrations.slice(0, -1)));
    const state = states.open(path);
    expect(state.guardrails()).toEqual([]);
    state.close();
    behind(path, (db) => expect(schemaVersion(db, path)).toBe(migrations.length));
  });
});
