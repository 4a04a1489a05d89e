import { updateBody } from "../../src/core/body.ts";
import type { LiveKey, UpdateBody } from "../../src/core/key.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import { desiredFields, live } from "./build.ts";

export interface Given {
  readonly key: JsonObject;
  /** Paths that differ; all that the policy says when left out. */
  readonly changed?: readonly string[];
  /** The live key; null when it has not been looked at. */
  readonly live?: LiveKey | null;
  readonly complete?: boolean;
}

/** The body for what one policy says of a key. */
export function body({ key, changed, live: found = live(), complete = true }: Given): UpdateBody | undefined {
  const desired = desiredFields(key);
  return updateBody({
    desired,
    changed: changed ?? [...desired.keys()],
    live: found ?? undefined,
    complete: found !== null && complete,
  });
}
