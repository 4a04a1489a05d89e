import type { ErrorShape } from "./api-error.ts";

/**
 * What Portkey's documentation leaves open, or says in two ways: each a choice, so that whoever talks to the simulator
 * can be shown to work under both. May be changed while the simulator runs.
 */
export interface Model {
  /** What becomes of a part of `defaults` that an update does not name: back to its default, or unchanged. */
  defaultsMerge: "replace" | "merge";
  /** The same for the names in `defaults.metadata`; merged, one name alone can never be taken out. */
  metadataMerge: "replace" | "merge";
  /** The same for the parts of `usage_limits` and `rotation_policy`. */
  groupsMerge: "replace" | "merge";
  /** Whether rows of the list carry the rotation policy of a key that has one. */
  listHasRotationPolicy: boolean;
  pageSizeDefault: number;
  /** A larger `page_size` is taken for this one. */
  pageSizeMax: number;
  /** The number of the first page. Where it is 1, page 0 is the first page too. */
  firstPage: 0 | 1;
  errorShape: ErrorShape;
  /** How a key that does not exist is answered: 404 AB08, or 403 AB03 as if it were somebody else's. */
  goneStatus: 404 | 403;
  /** How a rotation is refused while the previous secret still lives. */
  rotateBusyStatus: 400 | 409;
  /** How an `allow_config_override` of false reads at the top level. */
  falseOverrideReads: 0 | null;
  /** How no metadata and no alert emails read once they were written: null, or `{}` and `[]`. */
  noneReads: "null" | "empty";
  /** How a `periodic_reset` that is not set reads: as it was sent (null, or not there), or `""`. */
  unsetPeriodReads: "as-sent" | "empty-string";
  /** Whether reads show `last_reset_at`: since backend 1.13.0 (Portkey's changelog). */
  showsLastReset: boolean;
  /** Whether fractions of a credit are refused. */
  wholeBudgets: boolean;
  /** Whether a later `expires_at`, or none, makes an expired key active again. */
  laterExpiryRevives: boolean;
  /** Whether a config's slug (`pc-...`) is taken where its id is meant; it reads as the id. */
  configSlugs: boolean;
}

export function makeModel(given: Partial<Model> = {}): Model {
  return {
    defaultsMerge: "replace",
    metadataMerge: "replace",
    groupsMerge: "replace",
    listHasRotationPolicy: false,
    pageSizeDefault: 100,
    pageSizeMax: 100,
    firstPage: 0,
    errorShape: "data",
    goneStatus: 404,
    rotateBusyStatus: 409,
    falseOverrideReads: 0,
    noneReads: "null",
    unsetPeriodReads: "as-sent",
    showsLastReset: true,
    wholeBudgets: false,
    laterExpiryRevives: true,
    configSlugs: false,
    ...given,
  };
}

/** What decides about an update besides its body; `now` in milliseconds since the epoch. */
export interface Setting {
  readonly model: Readonly<Model>;
  readonly now: number;
}
