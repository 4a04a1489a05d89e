import { AppError, messageOf } from "../errors.ts";

/**
 * SQLite's primary result codes that a user can do something about. better-sqlite3 tells them by name in `code`
 * (`SQLITE_IOERR_WRITE`), node:sqlite by extended number in `errcode`, whose low byte is the primary code.
 */
const primaryCodes = {
  SQLITE_PERM: 3,
  SQLITE_BUSY: 5,
  SQLITE_READONLY: 8,
  SQLITE_IOERR: 10,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_CANTOPEN: 14,
  SQLITE_AUTH: 23,
  SQLITE_NOTADB: 26,
} as const;

export type SqliteFault = keyof typeof primaryCodes;

/** Which of SQLite's failures this is, whichever driver threw it; undefined for everything else. */
export function faultOf(thrown: unknown): SqliteFault | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { code, errcode } = thrown as { readonly code?: unknown; readonly errcode?: unknown };
  for (const [name, number] of Object.entries(primaryCodes) as [SqliteFault, number][]) {
    if (typeof errcode === "number" && (errcode & 0xff) === number) return name;
    if (typeof code === "string" && (code === name || code.startsWith(`${name}_`))) return name;
  }
  return undefined;
}

/** Runs `work` on an open state; SQLite's failures come out as an `AppError`, everything else as it is. */
export function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw explain(path, thrown, "use");
  }
}

/** The `AppError` for a failure of SQLite while the state at `path` is opened or used; other things unchanged. */
export function explain(path: string, thrown: unknown, phase: "open" | "use"): unknown {
  const fault = faultOf(thrown);
  if (fault === undefined) return thrown;
  const said = messageOf(thrown);
  switch (fault) {
    case "SQLITE_CORRUPT":
    case "SQLITE_NOTADB":
      return corrupt(path, said, thrown);
    case "SQLITE_FULL":
      return full(path, said, thrown);
    case "SQLITE_BUSY":
    case "SQLITE_IOERR":
      return unwritten(path, said, thrown);
    case "SQLITE_PERM":
    case "SQLITE_READONLY":
    case "SQLITE_CANTOPEN":
    case "SQLITE_AUTH":
      return phase === "open" ? unusable(path, said, thrown) : unwritten(path, said, thrown);
  }
}

/** The refusal of a file whose content is damaged or not a database at all. */
export function corrupt(path: string, found: string, cause?: unknown): AppError {
  return new AppError("STATE_CORRUPT", `The state ${path} is damaged or not a database: ${found}.`, {
    hint:
      "Put a backup in its place, or move the file away together with its -wal and -shm files and start again: " +
      "the ledger is then built anew from the live keys, without its past.",
    cause,
  });
}

/** The failure of a step because the disk, or the share of it that the state may use, is full. */
export function full(path: string, said: string, cause: unknown): AppError {
  return new AppError("STATE_WRITE_FAILED", `The state ${path} could not be written: ${said}.`, {
    hint: "Make room on its disk; nothing of the failed step was kept, and the next pass repeats it.",
    cause,
  });
}

function unusable(path: string, said: string, cause: unknown): AppError {
  return new AppError("STATE_UNUSABLE", `The state ${path} cannot be opened: ${said}.`, {
    hint: "The file and its directory have to be readable and writable by the user that runs keysteward.",
    cause,
  });
}

function unwritten(path: string, said: string, cause: unknown): AppError {
  return new AppError("STATE_WRITE_FAILED", `The state ${path} could not be read or written: ${said}.`, {
    hint: "Check the file, its directory, its disk, and that no other program holds it open for writing.",
    cause,
  });
}
