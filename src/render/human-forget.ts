import type { KeyId } from "../core/policy.ts";
import type { Paint } from "./color.ts";
import { plural, printable } from "./human-problems.ts";
import type { ForgetResult } from "./json-keys.ts";

/** How it went for each key, and how many were forgotten. */
export function humanForget(keys: readonly ForgetResult[], paint: Paint): string {
  const lines = keys.map(({ keyId, outcome, message }) => {
    const word = outcome === "forgotten" ? paint("green", outcome) : paint("red", outcome);
    return `${word} ${keyId}: ${printable(message)}\n`;
  });
  const forgotten = keys.filter(({ outcome }) => outcome === "forgotten").length;
  return `${lines.join("")}${forgotten} of ${plural(keys.length, "key")} forgotten.\n`;
}

/** The keys that would be forgotten, before somebody is asked. */
export function humanOrphans(orphans: readonly { readonly keyId: KeyId; readonly policy: string }[]): string {
  return orphans.map(({ keyId, policy }) => `orphaned ${keyId} (${printable(policy)})\n`).join("");
}
