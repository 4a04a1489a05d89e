import { randomUUID } from "node:crypto";
import type { Json, JsonObject } from "../core/policy.ts";
import { ApiError } from "./api-error.ts";
import { applyUpdate } from "./apply-update.ts";
import { instantOf, timestamp } from "./calendar.ts";
import type { Asked, Effect } from "./faults.ts";
import { listAnswer, workspaceUuid } from "./list.ts";
import type { Model } from "./model.ts";
import { withNewSecret } from "./pass-time.ts";
import { isUuid, maskedSecret, newSecret, seedKey } from "./seed-key.ts";
import { keyAnswer } from "./shapes.ts";
import type { KeyStore } from "./store.ts";
import { amount, type StoredKey } from "./stored-key.ts";
import { checkBody, checkTransition, isObject, refuse, refuseUnless } from "./validate.ts";

/** A request, read to its end. */
export interface ApiRequest {
  readonly method: string;
  /** Below the prefix, split at the slashes: `["api-keys", id]`. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  /** Undefined: no body; null stands for one that is no JSON too. */
  readonly body: Json | undefined;
}

export interface Control {
  readonly store: KeyStore;
  readonly model: Readonly<Model>;
  /** Ids of keys that the caller may not touch. */
  readonly forbidden: ReadonlySet<string>;
  readonly now: () => number;
}

const types = ["organisation-service", "workspace-service", "workspace-user"] as const;

/** What a request is about, for the matching of faults. */
export function askedFor({ method, parts }: ApiRequest): Asked {
  const [resource, id] = parts;
  if (resource !== "api-keys") return { method, target: "other", id: null };
  if (id === undefined) return { method, target: "list", id: null };
  return isUuid(id) ? { method, target: "key", id: id.toLowerCase() } : { method, target: "other", id: null };
}

/** Carries a request out and gives the body of its answer; throws an ApiError where it is refused. */
export function carryOut(request: ApiRequest, control: Control, effect: Effect | undefined): JsonObject {
  const { method, parts, query } = request;
  const [resource, first, second, ...rest] = parts;
  if (resource === "api-keys" && rest.length === 0) {
    if (first === undefined) {
      if (method === "GET") return listAnswer(query, control, effect);
    } else if (second === undefined) {
      if (method === "GET") return keyAnswer(control.store.read(find(first, control)), control.model);
      if (method === "PUT") return update(find(first, control), request, { control, effect });
      if (method === "DELETE") return remove(find(first, control), control);
    } else if (method === "POST") {
      return second === "rotate"
        ? rotate(find(first, control), request, control)
        : create(`${first}-${second}`, request, control);
    }
  }
  throw new ApiError("AB02", `no route for ${method} /${parts.join("/")}`);
}

function find(id: string, { store, forbidden, model }: Control): StoredKey {
  refuseUnless(isUuid(id), "id must be a valid UUID");
  const key = store.get(id.toLowerCase());
  const isGone = key === undefined;
  if (forbidden.has(id.toLowerCase()) || (isGone && model.goneStatus === 403)) {
    throw new ApiError("AB03", "You do not have enough permissions to execute this request");
  }
  if (isGone) throw new ApiError("AB08", "API key not found");
  return key;
}

function update(
  key: StoredKey,
  request: ApiRequest,
  { control, effect }: { readonly control: Control; readonly effect: Effect | undefined },
): JsonObject {
  const body = objectOf(request.body);
  checkBody(body, key.type);
  const setting = { model: control.model, now: control.now() };
  const after = applyUpdate(key, body, setting);
  if (effect?.kind === "not-stored") return {};
  const forced =
    effect?.kind === "force"
      ? { ...after, ...structuredClone(effect.change(structuredClone(after))) }
      : after;
  control.store.put(forced, effect?.kind === "stale" ? effect.reads : 0);
  return {};
}

function remove(key: StoredKey, { store }: Control): JsonObject {
  store.delete(key.id);
  return {};
}

function rotate(key: StoredKey, request: ApiRequest, { store, model, now }: Control): JsonObject {
  const body = request.body === undefined ? {} : objectOf(request.body);
  checkTransition(body["key_transition_period_ms"]);
  const at = now();
  if ((instantOf(key.transition_until) ?? at) > at) {
    throw new ApiError(
      model.rotateBusyStatus === 409 ? "AB07" : "AB01",
      "a previous rotation is still in transition",
    );
  }
  const secret = newSecret();
  const transitionMs = amount(body, "key_transition_period_ms") ?? undefined;
  const after = withNewSecret(key, secret, { at, now: at, transitionMs });
  store.put({ ...after, last_updated_at: timestamp(at) });
  return { id: key.id, key: secret, key_transition_expires_at: after.transition_until };
}

function create(typeText: string, request: ApiRequest, control: Control): JsonObject {
  const type = types.find((one) => one === typeText) ?? refuse(`${typeText} is no type of key`);
  const body = objectOf(request.body);
  refuseUnless(body["name"] !== undefined && body["scopes"] !== undefined, "name and scopes are required");
  checkBody(body, type);
  const { workspace_id: workspace, user_id: user } = body;
  refuseUnless(type === "organisation-service" || typeof workspace === "string", "workspace_id is required");
  refuseUnless(type !== "workspace-user" || typeof user === "string", "user_id is required");
  const now = control.now();
  const secret = newSecret();
  const fresh = seedKey({
    id: randomUUID(),
    key: maskedSecret(secret),
    type,
    workspace_id: type === "organisation-service" ? null : workspaceUuid(workspace as string),
    user_id: type === "workspace-user" ? (user as string) : null,
    created_at: timestamp(now),
    creation_mode: "api",
  });
  const key = applyUpdate(fresh, body, { model: control.model, now });
  control.store.put(key);
  return { id: key.id, key: secret, object: "api-key" };
}

function objectOf(body: Json | undefined): JsonObject {
  return isObject(body) ? body : refuse("the body must be a JSON object");
}
