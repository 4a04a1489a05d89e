import { AppError } from "../errors.ts";
import type { SqlDatabase } from "./sqlite-driver.ts";
import { corrupt } from "./sqlite-fault.ts";
import { transact } from "./transaction.ts";

/** Marks an SQLite file as ours (`PRAGMA application_id`): "KSTW". */
const applicationId = 0x4b535457;

/**
 * The schema's history: entry n leads from version n to version n + 1 (`PRAGMA user_version`). An entry that was
 * released is never changed, only followed by another.
 *
 * The audit trail is only ever appended to, and what is beyond its bounds is taken off its front; what else would change
 * it fails. It is written in one place (`audit-table.ts`), so a later version can add columns to each line, NULL on the
 * lines that exist.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE writer (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    pid INTEGER NOT NULL,
    owner TEXT NOT NULL,
    since INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE ledger (
    key_id TEXT PRIMARY KEY,
    policy TEXT NOT NULL,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    fields TEXT NOT NULL
  ) STRICT;

  CREATE TABLE inventory (
    key_id TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL,
    rotation_read_at INTEGER,
    digest TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE inventory_content (
    key_id TEXT PRIMARY KEY REFERENCES inventory (key_id) ON DELETE CASCADE,
    live TEXT NOT NULL,
    raw TEXT NOT NULL
  ) STRICT;

  CREATE TABLE fact (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;

  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    pass TEXT NOT NULL,
    key_id TEXT NOT NULL,
    policy TEXT NOT NULL,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    event TEXT NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;

  CREATE INDEX audit_key ON audit (key_id, seq);

  CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

  CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

  CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
  WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
  BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
  `,
  // The audit trail becomes a chain (`audit-chain.ts`). Lines are taken off its front alone, up to the anchor, and the
  // anchor can only become a line that is there.
  `
  ALTER TABLE audit ADD COLUMN commit_id TEXT;
  ALTER TABLE audit ADD COLUMN author TEXT;
  ALTER TABLE audit ADD COLUMN hash TEXT NOT NULL DEFAULT '';

  CREATE TABLE audit_mark (
    name TEXT PRIMARY KEY CHECK (name IN ('began', 'anchor', 'head')),
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  INSERT INTO audit_mark SELECT 'began', coalesce(max(seq), 0) + 1, '' FROM audit;
  INSERT INTO audit_mark SELECT 'head', coalesce(max(seq), 0), '' FROM audit;
  INSERT INTO audit_mark VALUES ('anchor', 0, '');

  DROP TRIGGER audit_no_delete;

  CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
  WHEN OLD.seq > coalesce((SELECT seq FROM audit_mark WHERE name = 'anchor'), 0)
  BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

  CREATE TRIGGER audit_mark_no_insert BEFORE INSERT ON audit_mark
  BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

  CREATE TRIGGER audit_mark_no_delete BEFORE DELETE ON audit_mark
  BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

  CREATE TRIGGER audit_mark_onwards BEFORE UPDATE ON audit_mark
  WHEN NEW.name <> OLD.name OR OLD.name = 'began' OR NEW.seq <= OLD.seq
    OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq AND hash = NEW.hash)
  BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
  `,
  `
  CREATE TABLE baseline (
    key_id TEXT NOT NULL,
    path TEXT NOT NULL,
    value TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (key_id, path)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE restoration (
    key_id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    point TEXT NOT NULL
  ) STRICT;
  `,
  // A key that is about to be written stays in the inventory, so that policies that select keys know it meanwhile.
  `
  ALTER TABLE inventory ADD COLUMN outdated INTEGER NOT NULL DEFAULT 0;
  `,
  `
  CREATE TABLE guardrail (
    position INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    file TEXT NOT NULL,
    line INTEGER NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE last_good (
    key_id TEXT PRIMARY KEY,
    policy TEXT NOT NULL,
    file TEXT NOT NULL,
    digest TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE last_good_content (
    key_id TEXT PRIMARY KEY REFERENCES last_good (key_id) ON DELETE CASCADE,
    content TEXT NOT NULL
  ) STRICT;

  CREATE TABLE quarantine (
    key_id TEXT PRIMARY KEY,
    policy TEXT NOT NULL,
    file TEXT NOT NULL,
    since INTEGER NOT NULL,
    why TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  // What is known of resets of a key's usage; NULL where none was ever asked for, and where one policy has the key to itself.
  `
  ALTER TABLE ledger ADD COLUMN reset TEXT;
  ALTER TABLE ledger ADD COLUMN tokens TEXT;
  `,
];

/** Version of the schema in the file; 0 when nothing has been created in it yet. Refuses what is not ours. */
export function schemaVersion(db: SqlDatabase, path: string): number {
  const version = pragma(db, "user_version");
  const mark = pragma(db, "application_id");
  if (mark === applicationId) return version;

  const objects = db.prepare("SELECT count(*) AS count FROM sqlite_schema").get()?.["count"];
  if (mark === 0 && version === 0 && objects === 0) return 0;
  throw new AppError("STATE_UNUSABLE", `The file ${path} is an SQLite database of another program.`, {
    hint: "Name another file for the state; this one was left as it is.",
  });
}

/** Refuses a state that a later version of keysteward wrote. */
export function refuseNewer(version: number, path: string, known: number = migrations.length): void {
  if (version <= known) return;
  throw new AppError(
    "STATE_NEWER",
    `The state ${path} has schema version ${version}; this keysteward knows versions up to ${known}.`,
    { hint: "Run the keysteward version that wrote it, or a later one." },
  );
}

/** Brings the schema from `version` up to date, all steps or none, in one transaction. */
export function migrate(db: SqlDatabase, version: number, steps: readonly string[] = migrations): void {
  if (version === steps.length) return;
  transact(db, () => {
    for (const step of steps.slice(version)) db.exec(step);
    db.exec(`PRAGMA application_id = ${applicationId}`);
    db.exec(`PRAGMA user_version = ${steps.length}`);
  });
}

/** Refuses a file that was cut off or overwritten in part. Reads every page: about 1 ms a megabyte. */
export function refuseDamaged(db: SqlDatabase, path: string): void {
  const found = db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
  if (found !== "ok") throw corrupt(path, String(found));
}

function pragma(db: SqlDatabase, name: "user_version" | "application_id"): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}
