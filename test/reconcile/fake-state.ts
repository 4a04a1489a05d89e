/*
 * A state in memory that keeps the rules of the ledger, and refuses what nobody may do: to tell how a request ended
 * that was never claimed. The disk outlives the process that wrote to it.
 */
import { isDeepStrictEqual } from "node:util";
import type { FieldPath, LiveKey } from "../../src/core/key.ts";
import type { KeptGuardrail } from "../../src/core/guardrail.ts";
import type { Adoption, AppliedKey, Baseline, Claim, ReadBack, Restoration } from "../../src/core/ledger.ts";
import type { Keeping, LastGoodOwner, Quarantine } from "../../src/core/last-good.ts";
import type { JsonObject, KeyId } from "../../src/core/policy.ts";
import type { DesiredKey } from "../../src/core/resolve.ts";
import { sourcesFact } from "../../src/core/sources.ts";
import type { AuditEntry, FactName, InventoryKey, State, StateReader } from "../../src/ports.ts";
import {
  afterAdoption,
  afterClaim,
  afterConfirm,
  afterNoEffect,
  afterReadBack,
  afterRefusal,
  claimedPaths,
} from "../../src/state/ledger-rules.ts";
import { Fuse } from "./fuse.ts";

export interface Disk {
  readonly ledger: Map<KeyId, AppliedKey>;
  readonly inventory: Map<KeyId, InventoryKey>;
  /** Keys of the inventory that were written since they were seen. */
  readonly outdated: Map<KeyId, LiveKey>;
  readonly facts: Map<FactName, JsonObject>;
  readonly baselines: Map<KeyId, Map<FieldPath, Baseline>>;
  readonly restorations: Map<KeyId, Restoration>;
  guardrails: readonly KeptGuardrail[];
  readonly lastGood: Map<KeyId, DesiredKey>;
  readonly quarantines: Map<KeyId, Quarantine>;
  readonly audit: AuditEntry[];
}

export function emptyDisk(): Disk {
  return {
    ledger: new Map(),
    inventory: new Map(),
    outdated: new Map(),
    facts: new Map(),
    baselines: new Map(),
    restorations: new Map(),
    guardrails: [],
    lastGood: new Map(),
    quarantines: new Map(),
    audit: [],
  };
}

type Step = Exclude<keyof State, keyof StateReader | "close">;

export class FakeState implements State {
  /** The steps that were taken, in order: `claim ID`, `confirm ID`, `adopt`, … */
  readonly log: string[];
  readonly disk: Disk;
  /** Steps that throw from now on, and what they throw. */
  readonly failing = new Map<Step, Error>();
  /** How often the inventory was asked, by key. */
  readonly asked = new Map<KeyId, number>();
  readonly #fuse: Fuse;
  readonly #underWay = new Map<KeyId, readonly FieldPath[]>();

  constructor(
    disk: Disk = emptyDisk(),
    { log = [], fuse = new Fuse() }: { log?: string[]; fuse?: Fuse } = {},
  ) {
    this.disk = disk;
    this.log = log;
    this.#fuse = fuse;
  }

  applied(): ReadonlyMap<KeyId, AppliedKey> {
    return this.disk.ledger;
  }

  inventoryOf(id: KeyId): InventoryKey | undefined {
    this.asked.set(id, (this.asked.get(id) ?? 0) + 1);
    return this.disk.inventory.get(id);
  }

  liveKeys(): Iterable<LiveKey> {
    return [...this.disk.outdated.values(), ...[...this.disk.inventory.values()].map(({ key }) => key)];
  }

  baselineOf(id: KeyId): ReadonlyMap<FieldPath, Baseline> {
    return this.disk.baselines.get(id) ?? new Map();
  }

  restorations(): ReadonlyMap<KeyId, Restoration> {
    return this.disk.restorations;
  }

  keysNamed(name: string): readonly KeyId[] {
    return [...this.disk.inventory.values()]
      .filter(({ key }) => key.name === name)
      .map(({ key }) => key.id)
      .sort();
  }

  guardrails(): readonly KeptGuardrail[] {
    return this.disk.guardrails;
  }

  fact(name: FactName): JsonObject | undefined {
    return this.disk.facts.get(name);
  }

  lastGoodOwners(): readonly LastGoodOwner[] {
    return [...this.disk.lastGood.values()].map(({ keyId, policy, place }) => {
      return { keyId, policy, file: place.file };
    });
  }

  lastGoodOf(id: KeyId): DesiredKey | undefined {
    return this.disk.lastGood.get(id);
  }

  quarantines(): ReadonlyMap<KeyId, Quarantine> {
    return new Map(this.disk.quarantines);
  }

  keepLastGood({ desired, quarantined, sources }: Keeping): void {
    const isKnown =
      isDeepStrictEqual(this.disk.lastGood, desired) &&
      isDeepStrictEqual(this.disk.quarantines, quarantined) &&
      isDeepStrictEqual(this.disk.facts.get("sources"), sourcesFact(sources));
    if (isKnown) return;
    this.#step("keepLastGood", "keepLastGood", () => {
      this.disk.lastGood.clear();
      for (const [id, key] of desired) this.disk.lastGood.set(id, key);
      this.disk.quarantines.clear();
      for (const [id, one] of quarantined) this.disk.quarantines.set(id, one);
      this.disk.facts.set("sources", sourcesFact(sources));
    });
  }

  /** Whether a request for this key may be under way. */
  isClaimed(id: KeyId): boolean {
    return this.#underWay.has(id);
  }

  claim(claim: Claim, audit: AuditEntry): void {
    this.#step("claim", `claim ${claim.keyId}`, () => {
      this.disk.ledger.set(claim.keyId, afterClaim(this.disk.ledger.get(claim.keyId), claim));
      this.#underWay.set(claim.keyId, claimedPaths(claim));
      const seen = this.disk.inventory.get(claim.keyId);
      if (seen !== undefined) this.disk.outdated.set(claim.keyId, seen.key);
      this.disk.inventory.delete(claim.keyId);
      const baseline = this.disk.baselines.get(claim.keyId) ?? new Map<FieldPath, Baseline>();
      const was = [...claim.fields.map(({ path, from }) => ({ path, value: from })), ...(claim.groups ?? [])];
      for (const { path, value } of was) {
        if (value !== undefined && !baseline.has(path)) baseline.set(path, { value, at: claim.at });
      }
      this.disk.baselines.set(claim.keyId, baseline);
      this.disk.audit.push(audit);
    });
  }

  confirm(id: KeyId, at: number, audit: AuditEntry): void {
    this.#settle("confirm", { id, audit, rule: (key, paths) => afterConfirm(key, paths, at) });
  }

  refuse(id: KeyId, _at: number, audit: AuditEntry): void {
    this.#settle("refuse", { id, audit, rule: afterRefusal });
  }

  leaveClaimed(id: KeyId, audit: AuditEntry, effect: "open" | "none" = "open"): void {
    const rule = effect === "none" ? afterNoEffect : (key: AppliedKey): AppliedKey => key;
    this.#settle("leaveClaimed", { id, audit, rule });
  }

  adopt(adoptions: readonly Adoption[], audit: readonly AuditEntry[] = []): void {
    this.#step("adopt", `adopt ${adoptions.map(({ keyId }) => keyId).join(" ")}`, () => {
      for (const adoption of adoptions) {
        const before = this.disk.ledger.get(adoption.keyId);
        this.disk.ledger.set(adoption.keyId, afterAdoption(before, adoption));
      }
      this.disk.audit.push(...audit);
    });
  }

  noteReadBacks(readBacks: readonly ReadBack[], audit: readonly AuditEntry[]): void {
    this.#step("noteReadBacks", `noteReadBacks ${readBacks.map(({ keyId }) => keyId).join(" ")}`, () => {
      for (const readBack of readBacks) {
        const before = this.disk.ledger.get(readBack.keyId);
        if (before === undefined)
          throw new Error(`a read back of ${readBack.keyId}, which was never written`);
        this.disk.ledger.set(readBack.keyId, afterReadBack(before, readBack));
      }
      this.disk.audit.push(...audit);
    });
  }

  setRestoration(id: KeyId, restoration: Restoration | null, audit: AuditEntry): void {
    this.#step("setRestoration", `setRestoration ${id}`, () => {
      if (restoration === null) this.disk.restorations.delete(id);
      else this.disk.restorations.set(id, restoration);
      this.disk.audit.push(audit);
    });
  }

  forget(id: KeyId, audit: AuditEntry): void {
    this.#step("forget", `forget ${id}`, () => {
      this.disk.ledger.delete(id);
      this.disk.restorations.delete(id);
      this.disk.lastGood.delete(id);
      this.disk.quarantines.delete(id);
      this.#underWay.delete(id);
      this.disk.audit.push(audit);
    });
  }

  saveInventory(keys: readonly InventoryKey[]): void {
    this.#step("saveInventory", "saveInventory", () => {
      this.disk.inventory.clear();
      this.disk.outdated.clear();
      for (const key of keys) this.disk.inventory.set(key.key.id, key);
    });
  }

  saveInventoryKeys(keys: readonly InventoryKey[]): void {
    this.#step("saveInventoryKeys", `saveInventoryKeys ${keys.map(({ key }) => key.id).join(" ")}`, () => {
      for (const key of keys) this.#see(key);
    });
  }

  saveInventoryKey(key: InventoryKey): void {
    this.#step("saveInventoryKey", `saveInventoryKey ${key.key.id}`, () => this.#see(key));
  }

  saveGuardrails(guardrails: readonly KeptGuardrail[]): void {
    this.#step("saveGuardrails", "saveGuardrails", () => {
      this.disk.guardrails = guardrails;
    });
  }

  saveFact(name: FactName, fact: JsonObject, audit: readonly AuditEntry[] = []): void {
    this.#step("saveFact", `saveFact ${name}`, () => {
      this.disk.facts.set(name, fact);
      this.disk.audit.push(...audit);
    });
  }

  close(): void {
    this.#underWay.clear();
  }

  #see(key: InventoryKey): void {
    this.disk.outdated.delete(key.key.id);
    this.disk.inventory.set(key.key.id, key);
  }

  #settle(
    step: "confirm" | "refuse" | "leaveClaimed",
    end: {
      readonly id: KeyId;
      readonly audit: AuditEntry;
      readonly rule: (key: AppliedKey, paths: readonly FieldPath[]) => AppliedKey;
    },
  ): void {
    const { id, audit, rule } = end;
    this.#step(step, `${step} ${id}`, () => {
      const paths = this.#underWay.get(id);
      const key = this.disk.ledger.get(id);
      if (paths === undefined || key === undefined) throw new Error(`${step} of ${id} without a claim`);
      this.disk.ledger.set(id, rule(key, paths));
      this.#underWay.delete(id);
      this.disk.audit.push(audit);
    });
  }

  #step(step: Step, line: string, effect: () => void): void {
    const failure = this.failing.get(step);
    if (failure !== undefined) throw failure;
    this.#fuse.call(effect);
    this.log.push(line);
  }
}
