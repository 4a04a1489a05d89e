import type { BrokenGuardrail, Guardrail, GuardrailMatch, KeptGuardrail } from "../core/guardrail.ts";
import { isObject } from "../core/canonical.ts";
import type { Json, JsonObject } from "../core/policy.ts";
import type { Place } from "../core/problem.ts";
import { suggest } from "../core/suggest.ts";
import { compileSchema } from "./guardrail-schema.ts";
import { policySchema } from "./policy-schema.ts";
import type { GuardrailDocument } from "./policy-schema.types.ts";
import { kinds, locate } from "./shape-faults.ts";
import type { SourceText } from "./source-text.ts";
import type { PlacedValue } from "./yaml-reading.ts";
import type { Fault } from "./yaml-stream.ts";

/** A guardrail whose shape is sound, unless its schema is not; and what is wrong with that, warnings among it. */
export function buildGuardrail(
  document: GuardrailDocument,
  read: PlacedValue,
  source: SourceText,
): { readonly guardrail: Guardrail | undefined; readonly faults: readonly Fault[] } {
  const { judge, faults } = compileSchema(document.spec.schema as JsonObject);
  const place = source.placeAt(read.spot.offset);
  return {
    guardrail:
      judge === undefined
        ? undefined
        : { ...parts(document), place, source: read.value as JsonObject, judge },
    faults: faults.map(({ pointer, message, atName, warning }): Fault => {
      const { spot, path, keyOffset } = locate(read.spot, `/spec/schema${pointer}`);
      const offset = atName === true ? (keyOffset ?? spot.offset) : spot.offset;
      return { code: warning === true ? "KS1346" : "KS1345", offset, path, message };
    }),
  };
}

/**
 * A guardrail of an earlier process. One that this version cannot compile any more forbids everything as long as it
 * stands in for one that cannot be read: nobody knows what it would have let pass.
 */
export function rememberedGuardrail({ name, source, file, line }: KeptGuardrail): Guardrail {
  const place: Place = { file, line, column: 1 };
  const verdict = policySchema().judge(source);
  if (verdict.ok && verdict.document.kind === "Guardrail") {
    const { judge } = compileSchema(verdict.document.spec.schema as JsonObject);
    if (judge !== undefined) return { ...parts(verdict.document), place, source, judge };
  }
  const message =
    "this guardrail was accepted by another version of keysteward, and cannot be judged by this one";
  return {
    kind: "Guardrail",
    name,
    place,
    match: {},
    severity: "error",
    message,
    appliesTo: "policies",
    source,
    judge: () => [
      { pointer: "", missing: false, message: "the key cannot be judged; mend the guardrail's file" },
    ],
  };
}

function parts({ metadata, spec }: GuardrailDocument): Omit<Guardrail, "place" | "source" | "judge"> {
  const { severity = "error", appliesTo = "policies", message } = spec;
  return {
    kind: "Guardrail",
    name: metadata.name,
    match: matchOf(spec.match ?? {}),
    severity,
    message,
    appliesTo,
  };
}

function matchOf({ labels, ...live }: NonNullable<GuardrailDocument["spec"]["match"]>): GuardrailMatch {
  const { workspace_id: workspaceId, ...rest } = live;
  const key = { ...rest, ...(workspaceId === undefined ? {} : { workspaceId }) };
  return { ...(labels === undefined ? {} : { labels }), ...(Object.keys(key).length === 0 ? {} : { key }) };
}

/**
 * The document as a guardrail that is broken; undefined where it is something else. `unsure`: whether it may be one where
 * its kind cannot be read.
 */
export function brokenGuardrail(
  value: Json | undefined,
  place: Place,
  unsure: boolean,
): BrokenGuardrail | undefined {
  const document = isObject(value) ? value : {};
  const { kind, metadata, spec } = document;
  const hasSchema = isObject(spec) && Object.hasOwn(spec, "schema");
  const isOne = typeof kind === "string" ? suggest(kind, kinds) === "Guardrail" : hasSchema || unsure;
  if (!isOne) return undefined;
  const name = isObject(metadata) ? metadata["name"] : undefined;
  return { name: typeof name === "string" ? name : null, place };
}

/** How many guardrails a text seems to hold that cannot be read as YAML. */
export function guardrailsIn(text: string): number {
  return text.match(/^[ \t{-]*["']?kind["']?[ \t]*:[ \t]*["']?Guardrail\b/gm)?.length ?? 0;
}
