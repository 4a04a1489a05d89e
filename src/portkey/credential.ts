import { inspect } from "node:util";
import { AppError } from "../errors.ts";

const mask = "[secret]";

/** Runs of characters that keys and tokens are made of; UUIDs and words are told apart below. */
const tokenLike = /[A-Za-z0-9+/_=-]{20,}/g;
const uuids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/**
 * The admin key. It shows itself to nobody: printed, logged, serialised or inspected it is `[secret]`; only `reveal`
 * gives it out, for the request's header.
 */
export interface Credential {
  reveal(): string;
  /** The text without this key, and without whatever else looks like one. */
  redact(text: string): string;
  /** Whether a masked secret, as reads show it (`z1*****3AX`, observed), may be this key's. */
  fits(masked: string): boolean;
  toString(): string;
}

/** Throws an AppError when the text, trimmed, cannot be a key: empty, or with what a header cannot carry. */
export function createCredential(text: string): Credential {
  const secret = text.trim();
  if (secret === "") throw unusable("is empty");
  if (!/^[\x21-\x7e]+$/.test(secret)) throw unusable("holds white space or special characters");
  return new HeldCredential(secret);
}

class HeldCredential implements Credential {
  readonly #secret: string;

  constructor(secret: string) {
    this.#secret = secret;
  }

  reveal(): string {
    return this.#secret;
  }

  redact(text: string): string {
    const forms = new Set([
      this.#secret,
      JSON.stringify(this.#secret).slice(1, -1),
      encodeURIComponent(this.#secret),
    ]);
    let clean = text;
    for (const form of forms) clean = clean.replaceAll(form, () => mask);
    return clean.replace(tokenLike, (run) => (looksLikeKey(run) ? mask : run));
  }

  fits(masked: string): boolean {
    const parts = /^([^*]*)\*+([^*]*)$/.exec(masked);
    const [head, tail] = parts === null ? [masked, ""] : [parts[1] ?? "", parts[2] ?? ""];
    if (head === "" && tail === "") return false;
    if (parts === null) return masked === this.#secret;
    return (
      head.length + tail.length < this.#secret.length &&
      this.#secret.startsWith(head) &&
      this.#secret.endsWith(tail)
    );
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [inspect.custom](): string {
    return mask;
  }
}

function unusable(fault: string): AppError {
  return new AppError("CREDENTIAL_MISSING", `the Portkey admin key ${fault}`, {
    hint: "Set PORTKEY_API_KEY, or PORTKEY_API_KEY_FILE to a file that holds the key and nothing else.",
  });
}

/** Words are of one case and without digits (`organisation_service_api_keys`); keys are not. */
function looksLikeKey(run: string): boolean {
  const rest = run.replace(uuids, "");
  if (rest.length < 16) return false;
  return /[0-9]/.test(rest) || (/[a-z]/.test(rest) && /[A-Z]/.test(rest));
}
