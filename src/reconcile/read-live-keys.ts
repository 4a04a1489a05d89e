/*
 * What a reconcile pass reads: the whole list, and one GET for each key whose answer the list cannot give. Those are
 * three kinds. A key that a policy names and the list does not show may still be there, since a credential without the
 * `list` scope of a key's family may not see it; it is asked for by id. And a list may leave out rotation policies and,
 * where it is as the OpenAPI document says, the config switch (`allow_config_override`); that matters only for a key whose policy
 * speaks of them. What a GET said of them then is believed again as long as `last_updated_at` stays the same. And a
 * key whose usage we may have reset is asked for when its row does not say when that was last.
 *
 * An error is never taken for absence: a key that cannot be read is told as unreadable and left alone; only the
 * answer "not found" or "not yours" for a key that a complete list does not show means that it is missing.
 */
import type { DesiredKey } from "../core/resolve.ts";
import type { FieldPath } from "../core/key.ts";
import type { Sight } from "../core/make-plan.ts";
import type { AppliedKey } from "../core/ledger.ts";
import type { KeyId } from "../core/policy.ts";
import { RemoteError } from "../core/remote-error.ts";
import { isResetOpen } from "../core/reset.ts";
import type { Clock, InventoryKey, KeyReader, LiveRecord, StateReader } from "../ports.ts";

/** A key of which something must be known. */
export interface WantedKey {
  readonly keyId: KeyId;
  /** Fields among it that a list may leave out. */
  readonly asked: readonly FieldPath[];
  /** When its usage was reset last must be known: a reset of ours is open. */
  readonly asksReset?: true;
}

/** What is paused is left alone, and so need not be known. */
export function wantedKeys(
  desired: Iterable<DesiredKey>,
  applied: ReadonlyMap<KeyId, AppliedKey>,
): WantedKey[] {
  return [...desired].flatMap(({ keyId, mode, fields }): WantedKey[] => {
    if (mode === "paused") return [];
    const asked = askedOf(fields.keys());
    return [isResetOpen(applied.get(keyId)?.reset) ? { keyId, asked, asksReset: true } : { keyId, asked }];
  });
}

export interface LiveKeys {
  /** By key id, for each wanted key and each listed key. */
  readonly sights: ReadonlyMap<KeyId, Sight>;
  readonly inventory: readonly InventoryKey[];
  /** How many keys the list showed. */
  readonly listed: number;
}

export interface ReadPorts {
  readonly reader: KeyReader;
  readonly state: StateReader;
  readonly clock: Clock;
}

/** The whole list, as it was read. */
export interface ListedKeys {
  readonly records: readonly LiveRecord[];
  /** When it was read, in milliseconds since the epoch. */
  readonly seenAt: number;
}

export async function readLiveKeys(
  ports: ReadPorts,
  wanted: readonly WantedKey[],
  signal: AbortSignal,
): Promise<LiveKeys> {
  return completeKeys(ports, await listKeys(ports, signal), { wanted, signal });
}

export async function listKeys(
  { reader, clock }: Pick<ReadPorts, "reader" | "clock">,
  signal: AbortSignal,
): Promise<ListedKeys> {
  const records = await reader.list({ signal });
  return { records, seenAt: clock.now() };
}

/** Asks for what the list cannot say of the wanted keys. */
export async function completeKeys(
  ports: ReadPorts,
  { records, seenAt }: ListedKeys,
  { wanted, signal }: { readonly wanted: readonly WantedKey[]; readonly signal: AbortSignal },
): Promise<LiveKeys> {
  const inventory = new Map<KeyId, InventoryKey>();
  for (const record of records) inventory.set(record.key.id, { ...record, seenAt, rotationReadAt: null });
  const sights = new Map<KeyId, Sight>();
  const broken = new AbortController();
  const either = AbortSignal.any([signal, broken.signal]);

  async function read(key: WantedKey): Promise<void> {
    const listed = inventory.get(key.keyId);
    const mayRemember = listed !== undefined && !lacksReset(key, listed);
    const remembered = mayRemember ? withRemembered(listed, ports.state) : undefined;
    if (remembered !== undefined) {
      inventory.set(key.keyId, remembered);
      return;
    }
    const answer = await tryGet(ports.reader, {
      id: key.keyId,
      listed: listed !== undefined,
      signal: either,
    });
    if ("kind" in answer) sights.set(key.keyId, answer);
    else {
      const rotationReadAt = ports.clock.now();
      inventory.set(key.keyId, { ...answer, seenAt: rotationReadAt, rotationReadAt });
      sights.set(key.keyId, { kind: "seen", key: answer.key, complete: true });
    }
  }

  try {
    await Promise.all(wanted.filter((key) => needsMore(key, inventory)).map(read));
  } catch (error) {
    // What ends the pass ends the other reads too.
    broken.abort(error);
    throw error;
  }
  for (const [id, { key, rotationReadAt }] of inventory) {
    if (!sights.has(id)) sights.set(id, { kind: "seen", key, complete: rotationReadAt !== null });
  }
  return { sights, inventory: [...inventory.values()], listed: records.length };
}

function needsMore(wanted: WantedKey, inventory: ReadonlyMap<KeyId, InventoryKey>): boolean {
  const listed = inventory.get(wanted.keyId);
  if (listed === undefined || lacksReset(wanted, listed)) return true;
  return wanted.asked.some((field) => !listed.key.fields.has(field));
}

function lacksReset({ asksReset }: WantedKey, { key }: InventoryKey): boolean {
  return asksReset === true && key.lastResetAt === undefined;
}

/** Fields that a row of the list may lack and a GET shows. */
const mayBeLeftOut: readonly FieldPath[] = ["rotation_policy", "defaults.allow_config_override"];

/** Which of the fields that a list may leave out are meant by these paths. */
export function askedOf(paths: Iterable<FieldPath>): readonly FieldPath[] {
  const asked = new Set<FieldPath>();
  for (const path of paths) {
    const field = mayBeLeftOut.find((one) => path === one || path.startsWith(`${one}.`));
    if (field !== undefined) asked.add(field);
  }
  return asked.size === 0 ? none : [...asked];
}

const none: readonly FieldPath[] = [];

function leftOut({ key }: InventoryKey): readonly FieldPath[] {
  return mayBeLeftOut.filter((field) => !key.fields.has(field));
}

/** `last_updated_at` has whole seconds: a GET in the same moment may have missed a later change of that second. */
const sameSecondMarginMs = 5_000;

/** The key with what an earlier GET showed of the fields that its row lacks, where that still holds. */
export function withRemembered(listed: InventoryKey, state: StateReader): InventoryKey | undefined {
  const before = state.inventoryOf(listed.key.id);
  const updatedAt = listed.key.lastUpdatedAt;
  if (before === undefined || before.rotationReadAt === null) return undefined;
  if (updatedAt === null || before.key.lastUpdatedAt !== updatedAt) return undefined;
  if (before.rotationReadAt - Date.parse(updatedAt) < sameSecondMarginMs) return undefined;
  const fields = new Map(listed.key.fields);
  for (const field of leftOut(listed)) {
    // What not even the GET showed stays unknown.
    const value = before.key.fields.get(field);
    if (value !== undefined) fields.set(field, value);
  }
  return { ...listed, key: { ...listed.key, fields }, rotationReadAt: before.rotationReadAt };
}

export interface GetRequest {
  readonly id: KeyId;
  readonly listed: boolean;
  readonly signal: AbortSignal;
}

/** One key by its id; a failure that is about this key alone is a sight of it. */
export async function tryGet(reader: KeyReader, request: GetRequest): Promise<LiveRecord | Sight> {
  try {
    return await reader.get(request.id, { signal: request.signal });
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    const { consequence, status } = error.failure;
    if (consequence === "auth" || consequence === "misdirected") throw error;
    const absent = consequence === "missing" || (consequence === "rejected" && status === 403);
    if (absent && !request.listed) {
      const message = `the control plane does not show this key to our credential: ${error.message}`;
      return { kind: "missing", message };
    }
    return { kind: "unreadable", message: `this key cannot be read, and is left alone: ${error.message}` };
  }
}
