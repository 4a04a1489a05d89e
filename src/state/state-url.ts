import { resolve } from "node:path";

import { AppError } from "../errors.ts";

/** Where the state is kept, as an absolute path. */
export interface StateLocation {
  readonly kind: "sqlite";
  readonly path: string;
}

const hint =
  "Write sqlite:PATH, for example sqlite:.keysteward/state.db or sqlite:/var/lib/keysteward/state.db.";

/**
 * Reads `sqlite:PATH` (relative to the working directory, or absolute) and `sqlite:///PATH`. The path is taken as it
 * stands, without percent decoding. Throws `CONFIG_INVALID`; the message never repeats more than the scheme, since
 * the URL of a database server may hold a password.
 */
export function parseStateUrl(url: string): StateLocation {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(url);
  const scheme = match?.[1]?.toLowerCase();
  const rest = match?.[2] ?? "";
  if (scheme === undefined) throw wrong("The state's URL has no scheme.");
  if (scheme === "postgres" || scheme === "postgresql") {
    throw wrong("The state cannot be kept in PostgreSQL by this version, only in SQLite.");
  }
  if (scheme !== "sqlite") throw wrong(`The state's URL has the unknown scheme ${scheme}:.`);

  const path = rest.startsWith("//") ? rest.slice(2) : rest;
  if (rest.startsWith("//") && !path.startsWith("/")) {
    throw wrong("The state's URL names a host, but SQLite keeps the state in a file of this machine.");
  }
  if (path === "" || path.endsWith("/")) throw wrong("The state's URL names no file.");
  if (path.includes("\0")) throw wrong("The state's URL holds a NUL byte.");
  if (path === ":memory:") {
    throw wrong("The state cannot be kept in memory: it has to outlive the process.");
  }
  return { kind: "sqlite", path: resolve(path) };
}

function wrong(message: string): AppError {
  return new AppError("CONFIG_INVALID", message, { hint });
}
