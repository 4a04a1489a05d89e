import type { LiveKey } from "../core/key.ts";
import type { InventoryKey, LiveRecord } from "../ports.ts";
import { tryGet, withRemembered, type ReadPorts } from "./read-live-keys.ts";

/** A listed key with all that can be known of it. */
export interface WholeKey {
  readonly key: LiveKey;
  /** Why its rotation policy is not known, or null when it is. */
  readonly unreadable: string | null;
}

/**
 * Completes keys of the list: one GET for each whose rotation policy the list does not carry, unless what an earlier GET
 * showed still holds. A key that cannot be read is given as the list shows it. In the given order; `onRead` is told of
 * each. Throws a RemoteError for what every further request would meet too.
 */
export async function readWholeKeys(
  ports: ReadPorts,
  listed: readonly LiveRecord[],
  { signal, onRead }: { readonly signal: AbortSignal; readonly onRead?: () => void },
): Promise<readonly WholeKey[]> {
  const seenAt = ports.clock.now();
  const broken = new AbortController();
  const either = AbortSignal.any([signal, broken.signal]);

  async function complete(record: LiveRecord): Promise<WholeKey> {
    if (record.key.fields.has("rotation_policy")) return { key: record.key, unreadable: null };
    const known: InventoryKey = { ...record, seenAt, rotationReadAt: null };
    const remembered = withRemembered(known, ports.state);
    if (remembered !== undefined) return { key: remembered.key, unreadable: null };
    const answer = await tryGet(ports.reader, { id: record.key.id, listed: true, signal: either });
    onRead?.();
    if (!("kind" in answer)) return { key: answer.key, unreadable: null };
    return { key: record.key, unreadable: "message" in answer ? answer.message : "it could not be read" };
  }

  try {
    return await Promise.all(listed.map(complete));
  } catch (error) {
    // What ends one read ends the others too.
    broken.abort(error);
    throw error;
  }
}
