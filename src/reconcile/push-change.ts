import { confirmedValues, type KnownValue } from "../core/key-past.ts";
import type { ClaimedField } from "../core/ledger.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Change, FieldChange } from "../core/plan.ts";
import type { JsonObject } from "../core/policy.ts";
import { RemoteError, type Consequence } from "../core/remote-error.ts";
import type { PlannedReset } from "../core/reset.ts";
import { messageOf } from "../errors.ts";
import type {
  AuditEntry,
  Clock,
  KeyReader,
  KeyWriter,
  Provenance,
  StateReader,
  StateWriter,
  UpdateReceipt,
} from "../ports.ts";
import { originsOf, type Origins } from "./origins.ts";
import { prepare, requestOptions, tokensOf, type Nothing, type Request } from "./prepare-change.ts";
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
    if ("nothing" in request) return ended(change, nothingSent[request.nothing]);
    // Nothing is claimed yet: the next plan finds the change as this one did, with what was seen now.
    if (turnsOut(change, request.change) && !options.mayTurnOut) return deferred(request.change);
    return await send(ports, { ...request, origins }, options);
  } catch (error) {
    if (error instanceof Withdrawn) return ended(change, { outcome: "skipped", message: error.message });
    if (error instanceof RemoteError) return endedBy(change, error);
    throw error;
  }
}

const nothingSent: Readonly<Record<Nothing["nothing"], End>> = {
  "as-wanted": { outcome: "applied", message: "it is already as wanted" },
  "in-doubt": { outcome: "unknown", message: "not sent: nobody can tell whether usage was reset before" },
};

interface Explained extends Request {
  readonly origins: Origins;
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
  const { change, body, origins, reset } = request;
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
    {
      ...{ keyId, policy, file: place.file, line: place.line, at, fields: fields.map(claimed), groups },
      ...(reset === undefined ? {} : { reset }),
      ...tokensOf(change),
    },
    audit("claimed", {
      fields: lines,
      ...(change.reset === undefined ? {} : { reset: resetLine(change.reset, reset?.before) }),
      top: Object.keys(body),
      ...origins.detail,
    }),
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
    // Taken back while it queued: it was never sent. Of anything else that is thrown nobody knows.
    const effect = error instanceof Withdrawn ? "none" : "open";
    ports.state.leaveClaimed(change.keyId, audit("withdrawn", { message: messageOf(error) }), effect);
    return;
  }
  const { consequence, status, attempts, errorCode } = error.failure;
  const detail = { message: error.message, status, attempts, errorCode };
  if (consequence === "rejected") {
    ports.state.refuse(change.keyId, ports.clock.now(), audit("rejected", detail));
  } else if (consequence === "missing") {
    ports.state.refuse(change.keyId, ports.clock.now(), audit("missing", detail));
  } else {
    const event = consequence === "unknown" ? "unknown" : "failed";
    const effect = withoutEffect.includes(consequence) ? "none" : "open";
    ports.state.leaveClaimed(change.keyId, audit(event, detail), effect);
  }
}

/** What a request that may not be repeated ends with when it certainly had no effect. */
const withoutEffect: readonly Consequence[] = ["auth", "throttled", "unavailable"];

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

/** The reset as the audit trail has it: the token, the one before, and when usage had been reset last. */
function resetLine(
  { token, previous, why, place: { file, line } }: PlannedReset,
  lastResetAt: string | null | undefined,
): JsonObject {
  return { token, previous, why, ...(lastResetAt === undefined ? {} : { lastResetAt }), file, line };
}
