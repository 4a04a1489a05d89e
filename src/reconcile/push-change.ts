import { updateBody } from "../core/body.ts";
import { ranked } from "../core/change-rank.ts";
import { sameField } from "../core/fields.ts";
import type { UpdateBody } from "../core/key.ts";
import { confirmedValues, type KnownValue } from "../core/key-past.ts";
import type { ClaimedField } from "../core/ledger.ts";
import { liveValue, touchedGroups } from "../core/live.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Change, FieldChange } from "../core/plan.ts";
import type { JsonObject } from "../core/policy.ts";
import { worstRank } from "../core/rank.ts";
import { RemoteError } from "../core/remote-error.ts";
import { messageOf } from "../errors.ts";
import type {
  AuditEntry,
  Clock,
  KeyReader,
  KeyWriter,
  Provenance,
  RequestOptions,
  StateReader,
  StateWriter,
  UpdateReceipt,
} from "../ports.ts";
import { originsOf, type Origins } from "./origins.ts";
import { settledClaims } from "./settled-claims.ts";
import { Withdrawn } from "./withdrawn.ts";

export interface PushPorts {
  readonly reader: KeyReader;
  readonly writer: KeyWriter;
  readonly state: StateWriter & Pick<StateReader, "applied">;
  readonly clock: Clock;
  readonly provenance: Provenance;
}

export interface PushOptions {
  /** The pass, for the audit trail. */
  readonly pass: string;
  /** Takes the request back while it queues. */
  readonly yielding: AbortSignal;
  /** Cuts off even a request on the wire. */
  readonly signal: AbortSignal;
  /** When the live keys of the plan were read; null when they were not. */
  readonly readAt: number | null;
  /** Whether the change may go although it turns out to loosen, which its plan did not know. */
  readonly mayTurnOut: boolean;
}

export interface Pushed {
  readonly outcome: Outcome;
  /** Whether the failure is one that every further request would meet too. */
  readonly halts: boolean;
}

/** Sends one change. Throws when the state cannot be written. */
export async function pushChange(ports: PushPorts, change: Change, options: PushOptions): Promise<Pushed> {
  try {
    // Before the key is read, so that what was read is not old when it is sent along.
    const origins = await originsOf(ports.provenance, change);
    options.yielding.throwIfAborted();
    const request = await prepare(ports, change, options);
    if (request === null) return ended(change, { outcome: "applied", message: "it is already as wanted" });
    // Nothing is claimed yet: the next plan finds the change as this one did, with what was seen now.
    if (turnsOut(change, request.change) && !options.mayTurnOut) return deferred(request.change);
    return await send(ports, { ...request, origins }, options);
  } catch (error) {
    if (error instanceof Withdrawn) return ended(change, { outcome: "skipped", message: error.message });
    if (error instanceof RemoteError) return endedBy(change, error);
    throw error;
  }
}

interface Request {
  readonly change: Change;
  readonly body: UpdateBody;
}

interface Explained extends Request {
  readonly origins: Origins;
}

/** What was read longer ago is read again before it is sent along: somebody may have changed it meanwhile. */
const freshMs = 1_000;

/** The request of a change; null when a fresh look shows that nothing is left to do. */
async function prepare(ports: PushPorts, change: Change, options: PushOptions): Promise<Request | null> {
  const isOld = ports.clock.now() - (options.readAt ?? 0) > freshMs;
  // What nobody has seen must be, before it is written over: it is the baseline to which it can be put back.
  const isKnown = change.fields.every(({ from }) => from !== undefined);
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
    const adoptions = [{ keyId, policy, file: place.file, line: place.line, at: now, confirm, drop: [] }];
    ports.state.adopt(adoptions, settledClaims(adoptions, ports.state.applied(), options.pass));
  }
  if (fields.length === 0) return null;
  const seen = ranked(
    fields.map((field) => ({ ...field, from: liveValue(record.key, field.path) ?? field.from })),
  );
  const rank = worstRank(seen.map((field) => field.rank));
  const changed = fields.map(({ path }) => path);
  const body = updateBody({ desired: change.desired.fields, changed, live: record.key, complete: true });
  if (body === undefined) throw new Error(`the body for ${change.keyId} cannot be made from a whole key`);
  return { change: { ...change, rank, fields: seen, groups: touchedGroups(record.key, changed) }, body };
}

/** Whether a change loosens by what was seen when it was to be sent, and did not by its plan. */
function turnsOut(planned: Change, seen: Change): boolean {
  return planned.rank !== "loosens" && seen.rank === "loosens";
}

function deferred(change: Change): Pushed {
  const paths = change.fields.filter(({ rank }) => rank === "loosens").map(({ path }) => path);
  const message =
    `not sent: by what the key has now it would be loosened (${paths.join(", ")}), which the plan did not know; ` +
    "the next reconcile pass plans it, and the guard counts it";
  return ended(change, { outcome: "deferred", message });
}

async function send(ports: PushPorts, request: Explained, options: PushOptions): Promise<Pushed> {
  const { change, body, origins } = request;
  const { keyId, policy, place, fields, groups } = change;
  const audit = (event: AuditEntry["event"], detail: JsonObject): AuditEntry => ({
    ...{ at: ports.clock.now(), pass: options.pass, event, detail, ...origins.policy },
    ...{ keyId, policy, file: place.file, line: place.line },
  });
  const at = ports.clock.now();
  const known = confirmedValues(ports.state.applied().get(keyId));
  const lines = fields.map((field) => ({
    ...origins.field(field),
    ...confirmedBefore(known.get(field.path)),
  }));
  ports.state.claim(
    { keyId, policy, file: place.file, line: place.line, at, fields: fields.map(claimed), groups },
    audit("claimed", { fields: lines, top: Object.keys(body), ...origins.detail }),
  );
  const { status, attempts } = await updated();
  ports.state.confirm(keyId, ports.clock.now(), audit("applied", { status, attempts }));
  return ended(change, { outcome: "applied", status, attempts, message: "applied" });

  async function updated(): Promise<UpdateReceipt> {
    try {
      return await ports.writer.update(keyId, body, requestOptions(options));
    } catch (error) {
      settleFailure({ ports, change, error, audit });
      throw error;
    }
  }
}

/** What the ledger had confirmed: with it the line says what the field was before, also when older lines are gone. */
function confirmedBefore(known: KnownValue | undefined): JsonObject {
  return known === undefined ? {} : { confirmed: { value: known.value, at: known.at } };
}

interface Failure {
  readonly ports: PushPorts;
  readonly change: Change;
  readonly error: unknown;
  readonly audit: (event: AuditEntry["event"], detail: JsonObject) => AuditEntry;
}

/** Notes in the ledger and the audit trail what a request that did not succeed means. */
function settleFailure({ ports, change, error, audit }: Failure): void {
  if (!(error instanceof RemoteError)) {
    ports.state.leaveClaimed(change.keyId, audit("withdrawn", { message: messageOf(error) }));
    return;
  }
  const { consequence, status, attempts, errorCode } = error.failure;
  const detail = { message: error.message, status, attempts, errorCode };
  if (consequence === "rejected") {
    ports.state.refuse(change.keyId, ports.clock.now(), audit("rejected", detail));
  } else if (consequence === "missing") {
    ports.state.refuse(change.keyId, ports.clock.now(), audit("missing", detail));
  } else {
    ports.state.leaveClaimed(change.keyId, audit(consequence === "unknown" ? "unknown" : "failed", detail));
  }
}

function endedBy(change: Change, error: RemoteError): Pushed {
  const { consequence, status, attempts } = error.failure;
  const told = { status, attempts, message: error.message };
  switch (consequence) {
    case "rejected":
      return ended(change, { outcome: status === 403 ? "forbidden" : "rejected", ...told });
    case "missing":
      return ended(change, { outcome: "missing", ...told });
    case "unknown":
      return ended(change, { outcome: "unknown", ...told });
    case "throttled":
    case "unavailable":
      return ended(change, { outcome: "failed", ...told });
    case "auth":
    case "misdirected":
      return { outcome: outcomeOf(change, { outcome: "failed", ...told }), halts: true };
    default:
      return consequence satisfies never;
  }
}

type End = Pick<Outcome, "outcome" | "message"> & Partial<Pick<Outcome, "status" | "attempts">>;

function ended(change: Change, end: End): Pushed {
  return { outcome: outcomeOf(change, end), halts: false };
}

export function outcomeOf(change: Change, end: End): Outcome {
  const { keyId, policy } = change;
  const { outcome, status = null, attempts = 0, message } = end;
  return { keyId, policy, outcome, status, attempts, message };
}

function requestOptions(options: PushOptions): RequestOptions {
  return { signal: options.signal, withdraw: options.yielding };
}

function claimed({ path, to, from, why, replaced, reverts }: FieldChange): ClaimedField {
  const field = {
    path,
    value: to,
    replaced,
    ...(reverts === undefined ? {} : { reverts }),
    ...(from === undefined ? {} : { from }),
  };
  return why === "drift" && from !== undefined ? { ...field, mendedFrom: { value: from } } : field;
}
