/*
 * The JSON results of the commands that are about single keys, version 1; described by schema/results.schema.json.
 */
import type { KeyId } from "../core/policy.ts";

export interface ForgetResult {
  readonly keyId: KeyId;
  readonly outcome: "forgotten" | "refused";
  readonly policy: string | null;
  readonly message: string;
}

export function forgetJson(keys: readonly ForgetResult[]): string {
  return text({ version: 1, keys });
}

function text(result: object): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}
