import type { Guardrail } from "../../src/core/guardrail.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import { compileSchema } from "../../src/policy-dir/guardrail-schema.ts";
import { at } from "./build.ts";

/** A guardrail about every policy, as a file would give it. */
export function guardrail(parts: Partial<Guardrail> & { readonly schema: JsonObject }): Guardrail {
  const { schema, ...own } = parts;
  const { judge, faults } = compileSchema(schema);
  if (judge === undefined) throw new Error(faults.map(({ message }) => message).join("; "));
  const name = own.name ?? "rule";
  const message = own.message ?? "a rule";
  return {
    kind: "Guardrail",
    name,
    place: at(1, "policies/guardrails.yaml"),
    match: {},
    severity: "error",
    message,
    appliesTo: "policies",
    source: { apiVersion: "keysteward/v1", kind: "Guardrail", metadata: { name }, spec: { message, schema } },
    judge,
    ...own,
  };
}
