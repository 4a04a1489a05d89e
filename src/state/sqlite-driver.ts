import { createRequire } from "node:module";

import { AppError, messageOf } from "../errors.ts";

/** What SQLite stores and hands back; nothing else is ever bound. */
export type SqlValue = string | number | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

export interface SqlStatement {
  run(...values: readonly SqlValue[]): unknown;
  get(...values: readonly SqlValue[]): SqlRow | undefined;
  all(...values: readonly SqlValue[]): readonly SqlRow[];
  /** Row by row; no other statement may run on the connection before the end. */
  iterate(...values: readonly SqlValue[]): Iterable<SqlRow>;
}

/** One connection. Both drivers already have this shape; only opening one and reading its errors differ. */
export interface SqlDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqlStatement;
  close(): unknown;
}

export interface SqlDriver {
  readonly name: "node:sqlite" | "better-sqlite3";
  open(path: string, options: { readonly readOnly: boolean }): SqlDatabase;
}

interface NodeSqlite {
  readonly DatabaseSync: new (path: string, options: { readonly readOnly: boolean }) => SqlDatabase;
}

type BetterSqlite = new (
  path: string,
  options: { readonly readonly: boolean; readonly timeout: number },
) => SqlDatabase;

const load = createRequire(import.meta.url);

/** The drivers in the order of preference. Each function throws where its driver cannot be had. */
const candidates: readonly (() => SqlDriver)[] = [loadNodeSqlite, loadBetterSqlite];

/** The first driver that loads. Throws `STATE_DRIVER_MISSING`, which says what to install, when none does. */
export function loadDriver(from: readonly (() => SqlDriver)[] = candidates): SqlDriver {
  const reasons: string[] = [];
  for (const candidate of from) {
    try {
      return candidate();
    } catch (thrown) {
      reasons.push(firstLine(messageOf(thrown)));
    }
  }
  throw new AppError(
    "STATE_DRIVER_MISSING",
    `No SQLite driver can be loaded by Node ${process.versions.node} (${reasons.join("; ")}).`,
    {
      hint:
        "Use Node 22.13 or later, which brings SQLite along, or install the package better-sqlite3 " +
        "with the Node version that runs keysteward.",
    },
  );
}

function loadNodeSqlite(): SqlDriver {
  const sqlite = withoutSqliteWarning(() => load("node:sqlite") as NodeSqlite);
  return {
    name: "node:sqlite",
    open: (path, { readOnly }) => new sqlite.DatabaseSync(path, { readOnly }),
  };
}

function loadBetterSqlite(): SqlDriver {
  const Database = load("better-sqlite3") as BetterSqlite;
  // Its native half is loaded by the first connection only, and fails there when it was built for another Node.
  new Database(":memory:", { readonly: false, timeout: 0 }).close();
  return {
    name: "better-sqlite3",
    open: (path, { readOnly }) => new Database(path, { readonly: readOnly, timeout: 0 }),
  };
}

/** Node 22 warns, once and while loading, that its SQLite is experimental: of no use to whoever runs keysteward. */
function withoutSqliteWarning<T>(work: () => T): T {
  const emitWarning = Reflect.get(process, "emitWarning") as (...given: unknown[]) => void;
  process.emitWarning = (...given: unknown[]): void => {
    if (given[1] === "ExperimentalWarning" && String(given[0]).startsWith("SQLite ")) return;
    Reflect.apply(emitWarning, process, given);
  };
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? text;
}
