import { namedKeys, type AbsentKey } from "../core/audit-keys.ts";
import type { LiveKey } from "../core/key.ts";
import type { Resolution } from "../core/resolve.ts";
import { tryGet, type ReadPorts } from "./read-live-keys.ts";

/** Keys that policies name and the list does not show: those that a GET shows all the same, and those that it does not. */
export interface Unlisted {
  readonly found: readonly LiveKey[];
  readonly absent: readonly AbsentKey[];
}

/** Asks for each such key by its id: a credential may be able to read keys that it may not list. */
export async function findUnlisted(
  ports: ReadPorts,
  resolution: Resolution,
  { listed, signal }: { readonly listed: ReadonlySet<string>; readonly signal: AbortSignal },
): Promise<Unlisted> {
  const named = namedKeys(resolution).filter(({ keyId }) => !listed.has(keyId));
  const ids = [...new Set(named.map(({ keyId }) => keyId))];
  const broken = new AbortController();
  const either = AbortSignal.any([signal, broken.signal]);
  try {
    const answers = await Promise.all(
      ids.map(async (id) => ({
        id,
        answer: await tryGet(ports.reader, { id, listed: false, signal: either }),
      })),
    );
    const found = answers.flatMap(({ answer }) => ("kind" in answer ? [] : [answer.key]));
    const messages = new Map(
      answers.flatMap(({ id, answer }) => ("message" in answer ? [[id, answer.message] as const] : [])),
    );
    const absent = named.flatMap((one): AbsentKey[] => {
      const message = messages.get(one.keyId);
      return message === undefined ? [] : [{ ...one, message }];
    });
    return { found, absent };
  } catch (error) {
    // What ends one read ends the others too.
    broken.abort(error);
    throw error;
  }
}
