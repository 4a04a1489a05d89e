import type { Json } from "../core/policy.ts";
import type { Limits } from "./limits.ts";
import { createSourceText } from "./source-text.ts";
import { readValue } from "./yaml-value.ts";
import { readYamlStream } from "./yaml-stream.ts";

/** What the documents of a sound text say, in their order; null for an empty one. */
export function documentValues(text: string, limits: Limits): readonly Json[] {
  const source = createSourceText("", text);
  return readYamlStream(text, limits).documents.map(
    (document) => readValue(document, source, limits).read?.value ?? null,
  );
}
