import { updateBody, withReset } from "../core/body.ts";
import { ranked, rankOfChange } from "../core/change-rank.ts";
import { sameField } from "../core/fields.ts";
import type { LiveKey, UpdateBody } from "../core/key.ts";
import type { Adoption } from "../core/ledger.ts";
import { liveValue, touchedGroups } from "../core/live.ts";
import type { Change } from "../core/plan.ts";
import { askedTokens } from "../core/plan-reset.ts";
import {
  judgeResetRead,
  knownBefore,
  type PlannedReset,
  type ResetClaim,
  type ResetNote,
} from "../core/reset.ts";
import type { RequestOptions } from "../ports.ts";
import type { PushOptions, PushPorts } from "./push-change.ts";
import { settledClaims } from "./settled-claims.ts";

/** A request that is ready to be sent. */
export interface Request {
  readonly change: Change;
  readonly body: UpdateBody;
  /** What is to be claimed of a reset of usage. */
  readonly reset?: ResetClaim;
}

/** What was read longer ago is read again before it is sent along: somebody may have changed it meanwhile. */
const freshMs = 1_000;

/** Why nothing is sent: a fresh look shows that nothing is left to do, or that nobody can tell. */
export interface Nothing {
  readonly nothing: "as-wanted" | "in-doubt";
}

/** The request of a change. */
export async function prepare(
  ports: PushPorts,
  change: Change,
  options: PushOptions,
): Promise<Request | Nothing> {
  const isOld = ports.clock.now() - (options.readAt ?? 0) > freshMs;
  // What nobody has seen must be, before it is written over: it is the baseline to which it can be put back.
  const isKnown = change.fields.every(({ from }) => from !== undefined) && change.reset === undefined;
  if (change.body !== null && isKnown && !(change.carries && isOld)) return { change, body: change.body };
  const record = await ports.reader.get(change.keyId, requestOptions(options));
  const now = ports.clock.now();
  ports.state.saveInventoryKey({ ...record, seenAt: now, rotationReadAt: now });
  const fields = change.fields.filter(({ path, to }) => {
    const live = liveValue(record.key, path);
    return live === undefined || !sameField(path, { desired: to, live, now });
  });
  const already = change.fields.filter((field) => !fields.includes(field));
  if (already.length > 0) {
    const { keyId, policy, place } = change;
    const confirm = already.map(({ path, to }) => ({ path, value: to }));
    const { file, line } = place;
    settle(ports, { keyId, policy, file, line, at: now, confirm, drop: [], ...tokensOf(change) }, options);
  }
  const { reset, isInDoubt } = stillDue(ports, change, { key: record.key, now, options });
  if (fields.length === 0 && reset === undefined) return { nothing: isInDoubt ? "in-doubt" : "as-wanted" };
  const seen = ranked(
    fields.map((field) => ({ ...field, from: liveValue(record.key, field.path) ?? field.from })),
  );
  const changed = fields.map(({ path }) => path);
  const body = updateBody({ desired: change.desired.fields, changed, live: record.key, complete: true });
  if (body === undefined) throw new Error(`the body for ${change.keyId} cannot be made from a whole key`);
  const { reset: _planned, ...rest } = change;
  const rank = rankOfChange({ fields: seen, reset });
  const due = { ...rest, rank, fields: seen, groups: touchedGroups(record.key, changed) };
  if (reset === undefined) return { change: due, body };
  const before = knownBefore(reset, record.key.lastResetAt);
  const claim = { token: reset.token, ...(before === undefined ? {} : { before }) };
  return { change: { ...due, reset }, body: withReset(body, reset), reset: claim };
}

/** The reset of a change, unless a fresh look shows that an earlier request for it has taken effect, or may have. */
function stillDue(
  ports: PushPorts,
  change: Change,
  { key, now, options }: { readonly key: LiveKey; readonly now: number; readonly options: PushOptions },
): { readonly reset?: PlannedReset; readonly isInDoubt: boolean } {
  const { keyId, policy, place, reset } = change;
  if (reset === undefined) return { isInDoubt: false };
  if (reset.earlier === undefined) return { reset, isInDoubt: false };
  const kind = judgeResetRead(reset.earlier, key.lastResetAt);
  if (kind === "not-done") return { reset, isInDoubt: false };
  const { file, line } = place;
  const note: ResetNote = { kind, token: reset.token, at: now };
  const parts = { keyId, policy, file, line, at: now, confirm: [], drop: [] };
  settle(ports, { ...parts, reset: note, ...tokensOf(change) }, options);
  return { isInDoubt: kind === "in-doubt" };
}

/** Notes what a fresh look has shown, with what it settles of earlier requests. */
function settle({ state }: PushPorts, adoption: Adoption, { pass }: PushOptions): void {
  state.adopt([adoption], settledClaims([adoption], state.applied(), pass));
}

/** The tokens of the policies, for the ledger. */
export function tokensOf({ desired }: Change): Pick<Adoption, "token" | "selectors"> {
  const { policy: _owner, ...tokens } = askedTokens(desired);
  return tokens;
}

/** How a request is taken back, and cut off. */
export function requestOptions(options: PushOptions): RequestOptions {
  return { signal: options.signal, withdraw: options.yielding };
}
