/*
 * By which policies each key was selected when the policies were last acted on. When a document cannot be read, that tells
 * which selected keys it had a part in (`core/selection.ts`); it has to outlast a restart.
 *
 * Keys that are held or quarantined keep what is remembered of them: as long as nobody knows who governs them, nothing newer is known.
 */
import type { JsonObject, KeyId } from "../core/policy.ts";
import type { ResolveContext, Resolution } from "../core/resolve.ts";
import type { LiveKey } from "../core/key.ts";
import type { StateReader, StateWriter } from "../ports.ts";

type Remembered = ReadonlyMap<KeyId, readonly string[]>;

/** What the resolver may know: the keys as a pass has just read them, or as they were seen last. */
export function resolveContext(
  { state, now }: { readonly state: Pick<StateReader, "fact" | "liveKeys">; readonly now: number },
  live: Iterable<LiveKey> = state.liveKeys(),
): ResolveContext {
  return { now, live, seen: live, lastSelected: () => lastSelected(state) };
}

/** By which policies each key was selected; none of them for a key that was not. */
export function lastSelected(state: Pick<StateReader, "fact">): Remembered {
  const fact = state.fact("selected");
  const groups = fact?.["groups"];
  const keys = fact?.["keys"];
  if (!Array.isArray(groups) || typeof keys !== "object" || keys === null) return new Map();
  return new Map(
    Object.entries(keys).map(([id, index]) => {
      const names: unknown = groups[Number(index)];
      return [id, Array.isArray(names) ? names.map(String) : []];
    }),
  );
}

interface Selected {
  readonly resolution: Resolution;
  /** Keys that are kept at what their policies said last. */
  readonly quarantined: ReadonlyMap<KeyId, unknown>;
}

/** Remembers who selects what, where that has changed. */
export function keepSelected(
  state: Pick<StateReader, "fact"> & Pick<StateWriter, "saveFact">,
  { resolution: { desired, held, unclaimed = new Map() }, quarantined }: Selected,
): void {
  const before = lastSelected(state);
  const now = new Map<KeyId, readonly string[]>();
  for (const { keyId, selectedBy } of desired.values()) {
    if (selectedBy !== undefined)
      now.set(
        keyId,
        selectedBy.map(({ policy }) => policy),
      );
  }
  for (const keyId of [...held.map((key) => key.keyId), ...quarantined.keys()]) {
    const known = before.get(keyId);
    if (known !== undefined) now.set(keyId, known);
  }
  for (const { keyId, former } of unclaimed.values()) now.set(keyId, former);
  if (!isSame(before, now)) state.saveFact("selected", factOf(now));
}

/** Nobody had the key: whoever selects it may have it from now on. */
export function dropSelected(
  state: Pick<StateReader, "fact"> & Pick<StateWriter, "saveFact">,
  id: KeyId,
): void {
  const selected = new Map(lastSelected(state));
  if (selected.delete(id)) state.saveFact("selected", factOf(selected));
}

function isSame(before: Remembered, now: Remembered): boolean {
  if (before.size !== now.size) return false;
  for (const [id, names] of now) if (before.get(id)?.join(" ") !== names.join(" ")) return false;
  return true;
}

/** Each combination of names once: thousands of keys have few. */
function factOf(selected: Remembered): JsonObject {
  const groups = new Map<string, { readonly index: number; readonly names: readonly string[] }>();
  const keys: Record<KeyId, number> = {};
  for (const [id, names] of selected) {
    const name = names.join(" ");
    const group = groups.get(name) ?? { index: groups.size, names };
    groups.set(name, group);
    keys[id] = group.index;
  }
  return { groups: [...groups.values()].map(({ names }) => names), keys };
}
