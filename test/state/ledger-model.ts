import { isDeepStrictEqual } from "node:util";
import type { Adoption, Claim, ReadBack, Replaced, Reverts } from "../../src/core/ledger.ts";
import type { Json } from "../../src/core/policy.ts";

/** One field of the model, flat: what the ledger should say about it. */
interface ModelField {
  confirmed?: { value: Json; policy: string; at: number };
  claimed?: { value: Json; policy: string; at: number; refused: boolean };
  mendedFrom?: { value: Json };
  replaced?: Replaced;
  reverts?: Reverts;
  unproved?: true;
}

interface ModelKey {
  owner: { policy: string; file: string; line: number };
  fields: Record<string, ModelField>;
  /** Paths of the claim whose request is under way; undefined between requests. */
  underWay?: string[] | undefined;
}

/** Which other paths a confirmed path replaces, written out rather than computed. */
const replaces: Record<string, string[]> = {
  usage_limits: ["usage_limits.credit_limit", "usage_limits.type"],
  "usage_limits.credit_limit": ["usage_limits"],
  "usage_limits.type": ["usage_limits"],
  "defaults.metadata": ["defaults.metadata.team", "defaults.metadata.team.sub"],
  "defaults.metadata.team": ["defaults.metadata"],
  "defaults.metadata.team.sub": ["defaults.metadata"],
};

export const modelPaths = ["name", "usage", ...Object.keys(replaces)];

/** The plainest thing that keeps the ledger's rules: mutable objects, no disk. */
export class LedgerModel {
  readonly keys: Record<string, ModelKey> = {};

  claim(claim: Claim): void {
    const key = this.#key(claim);
    for (const { path, value, mendedFrom, replaced, reverts } of claim.fields) {
      const field = (key.fields[path] ??= {});
      field.claimed = { value, policy: claim.policy, at: claim.at, refused: false };
      delete field.mendedFrom;
      delete field.replaced;
      delete field.reverts;
      delete field.unproved;
      if (mendedFrom !== undefined) field.mendedFrom = { value: mendedFrom.value };
      if (replaced !== undefined) field.replaced = replaced;
      if (reverts !== undefined) field.reverts = reverts;
    }
    key.underWay = claim.fields.map(({ path }) => path);
  }

  confirm(id: string, at: number): void {
    const { fields } = this.keys[id]!;
    const paths = this.#settle(id).filter((path) => fields[path]!.claimed !== undefined);
    for (const path of paths) {
      const { value, policy } = fields[path]!.claimed!;
      fields[path]!.confirmed = { value, policy, at };
      fields[path]!.unproved = true;
      delete fields[path]!.claimed;
    }
    for (const path of paths) {
      for (const other of replaces[path] ?? [])
        if (!paths.includes(other)) Reflect.deleteProperty(fields, other);
    }
  }

  refuse(id: string): void {
    for (const path of this.#settle(id)) {
      const { claimed } = this.keys[id]!.fields[path]!;
      if (claimed !== undefined) claimed.refused = true;
    }
  }

  leave(id: string): void {
    this.#settle(id);
  }

  adopt(adoptions: readonly Adoption[]): void {
    for (const adoption of adoptions) {
      const key = this.#key(adoption);
      const before = { ...key.fields };
      for (const path of adoption.drop) Reflect.deleteProperty(key.fields, path);
      for (const { path, value } of adoption.confirm) {
        const { confirmed, reverts } = before[path] ?? {};
        const kept =
          confirmed !== undefined && isDeepStrictEqual(confirmed.value, value) ? reverts : undefined;
        if (kept !== undefined) {
          const now = { value, policy: adoption.policy, at: adoption.at };
          key.fields[path] = { confirmed: now, reverts: kept };
          continue;
        }
        key.fields[path] = { confirmed: { value, policy: adoption.policy, at: adoption.at } };
      }
    }
  }

  readBack({ keyId, shown, notShown, unprovable }: ReadBack): void {
    for (const path of [...shown, ...notShown, ...unprovable]) {
      const field = this.keys[keyId]?.fields[path];
      if (field === undefined) continue;
      delete field.unproved;
      if (shown.includes(path)) delete field.mendedFrom;
    }
  }

  reopen(): void {
    for (const key of Object.values(this.keys)) key.underWay = undefined;
  }

  #key({ keyId, policy, file, line }: Claim | Adoption): ModelKey {
    const key = (this.keys[keyId] ??= { owner: { policy, file, line }, fields: {} });
    key.owner = { policy, file, line };
    return key;
  }

  #settle(id: string): string[] {
    const key = this.keys[id]!;
    const open = Object.keys(key.fields).filter((path) => key.fields[path]!.claimed?.refused === false);
    const paths = (key.underWay ?? open).filter((path) => path in key.fields);
    key.underWay = undefined;
    return paths;
  }
}
