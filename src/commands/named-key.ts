import { findKey, type KeyLookup } from "../core/find-key.ts";
import type { AppliedKey } from "../core/ledger.ts";
import type { KeyId, KeyPolicy } from "../core/policy.ts";
import type { Resolution } from "../core/resolve.ts";
import { AppError } from "../errors.ts";

/** The key that was named on the command line. Throws USAGE where the name is nobody's, or more than one key's. */
export function namedKey(text: string, lookups: readonly KeyLookup[]): KeyId {
  const found = findKey(text, lookups);
  switch (found.kind) {
    case "key":
      return found.id;
    case "several":
      throw new AppError(
        "USAGE",
        `"${text}" names ${found.ids.length} keys among the ${found.what}: ${shortList(found.ids)}`,
        { hint: "Name one of them by its id." },
      );
    case "none":
      throw new AppError("USAGE", `there is no key "${text}"`, {
        hint: `A key is named by its id (a UUID), or by a name that one key alone has among the ${lookups.map(({ what }) => what).join(", the ")}.`,
      });
    default:
      return found satisfies never;
  }
}

/** By the policy that names or selects the key. */
export function policyNames(policies: readonly KeyPolicy[], { desired }: Resolution): KeyLookup {
  const selected = (text: string): KeyId[] =>
    [...desired.values()]
      .filter(({ selectedBy = [] }) => selectedBy.some(({ policy }) => policy === text))
      .map(({ keyId }) => keyId);
  return {
    what: "policies",
    find: (text) => [
      ...policies
        .filter(({ name }) => name === text)
        .flatMap(({ keyIds }) => keyIds.map(({ value }) => value)),
      ...selected(text),
    ],
  };
}

/** By how the id of a key that a policy names begins; eight digits or more, as tables show it. */
export function idPrefixes(policies: readonly KeyPolicy[]): KeyLookup {
  return {
    what: "ids that policies name",
    find: (text) =>
      /^[0-9a-f]{8}[0-9a-f-]*$/i.test(text)
        ? policies
            .flatMap(({ keyIds }) => keyIds.map(({ value }) => value))
            .filter((id) => id.startsWith(text.toLowerCase()))
        : [],
  };
}

/** By the key's own name, as it was seen last. */
export function liveNames(state: { keysNamed(name: string): readonly KeyId[] }): KeyLookup {
  return { what: "keys that were seen", find: (text) => state.keysNamed(text) };
}

/** By the policy that the key had when something was applied to it last. */
export function ledgerNames(state: { applied(): ReadonlyMap<KeyId, AppliedKey> }): KeyLookup {
  return {
    what: "policies that were applied",
    find: (text) => [...state.applied()].filter(([, { policy }]) => policy === text).map(([id]) => id),
  };
}

function shortList(ids: readonly KeyId[]): string {
  const shown = ids.slice(0, 8).join(", ");
  return ids.length > 8 ? `${shown}, and ${ids.length - 8} more` : shown;
}
