import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";
import { AppError } from "../errors.ts";
import type { Environment } from "./options.ts";

/** Where the admin key comes from. The key itself is never part of the configuration. */
export type CredentialSource =
  | { readonly kind: "env"; readonly name: string }
  /** `from` names the flag, variable or line that gave the path. */
  | { readonly kind: "file"; readonly path: string; readonly from: string }
  | { readonly kind: "systemd"; readonly path: string };

const variable = "PORTKEY_API_KEY";
const longest = 4096;

const hint =
  "Give the admin key of the organisation or workspace in one of three ways: the variable PORTKEY_API_KEY; a file named " +
  "by PORTKEY_API_KEY_FILE or portkey.apiKeyFile; or LoadCredential=portkey-api-key:FILE in the systemd unit.";

/** Picks the source: the variable, then a file, then systemd's directory of credentials. */
export function chooseCredential(
  env: Environment,
  file: { readonly path: string; readonly from: string } | undefined,
): CredentialSource {
  const directory = env["CREDENTIALS_DIRECTORY"];
  const hasVariable = env[variable] !== undefined && env[variable] !== "";
  if (!hasVariable && file !== undefined) {
    return { kind: "file", ...file };
  }
  if (!hasVariable && directory !== undefined && directory !== "") {
    return { kind: "systemd", path: `${directory}/portkey-api-key` };
  }
  return { kind: "env", name: variable };
}

/**
 * Reads the admin key, without the newline that ends it. Throws CREDENTIAL_MISSING, which never quotes what was
 * found. `warn` hears of a file that others can read.
 */
export function readCredential(
  source: CredentialSource,
  env: Environment,
  warn: (message: string) => void = () => undefined,
): string {
  const found = source.kind === "env" ? env[source.name] : readFile(source, warn);
  if (found === undefined) {
    throw refusal("There is no Portkey API key: PORTKEY_API_KEY is not set, and no file was named");
  }
  const secret = found.replace(/\r?\n$/, "");
  const fault = faultOf(secret);
  if (fault !== undefined) {
    throw refusal(`The Portkey API key in ${nameOf(source)} ${fault}`);
  }
  return secret;
}

/** Removes the key from the environment, so that child processes do not inherit it. */
export function forgetCredential(source: CredentialSource, env: Record<string, string | undefined>): void {
  if (source.kind === "env") {
    Reflect.deleteProperty(env, source.name);
  }
}

function faultOf(secret: string): string | undefined {
  if (secret === "") {
    return "is empty";
  }
  if (secret.length > longest) {
    return `is longer than ${longest} characters`;
  }
  if (/[\r\n]/.test(secret)) {
    return "has more than one line";
  }
  if (/\s/.test(secret)) {
    return "has white space in it";
  }
  return /^[\x21-\x7e]+$/.test(secret) ? undefined : "has characters that no HTTP header can carry";
}

/** Reads no more than a key can be long, so that a wrong path costs nothing; a pipe is read as well as a file. */
function readFile(
  source: Exclude<CredentialSource, { kind: "env" }>,
  warn: (message: string) => void,
): string {
  try {
    const file = openSync(source.path, "r");
    try {
      const { mode } = fstatSync(file);
      if (source.kind === "file" && (mode & 0o077) !== 0) {
        const octal = (mode & 0o777).toString(8);
        warn(`${nameOf(source)} can be read by others than its owner (mode ${octal}): chmod 600`);
      }
      return readAtMost(file, longest + 3);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw refusal(
      `The Portkey API key cannot be read: ${nameOf(source)}, in ${dirname(source.path)} (${code})`,
    );
  }
}

function readAtMost(file: number, limit: number): string {
  const buffer = Buffer.alloc(limit);
  let length = 0;
  while (length < limit) {
    const count = readSync(file, buffer, length, limit - length, null);
    if (count === 0) {
      break;
    }
    length += count;
  }
  return buffer.toString("utf8", 0, length);
}

/** The source without its path's last part: somebody may have put the key itself where a path belongs. */
function nameOf(source: CredentialSource): string {
  switch (source.kind) {
    case "env":
      return source.name;
    case "file":
      return `the file that ${source.from} names`;
    case "systemd":
      return "the systemd credential portkey-api-key";
  }
}

function refusal(message: string): AppError {
  return new AppError("CREDENTIAL_MISSING", message, { hint });
}
