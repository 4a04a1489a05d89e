import type { SqlDatabase } from "./sqlite-driver.ts";

/** Runs `work` as one durable transaction: all of it is on the disk when this returns, none of it when it throws. */
export function transact(db: SqlDatabase, work: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    work();
    db.exec("COMMIT");
  } catch (thrown) {
    rollBack(db);
    throw thrown;
  }
}

/** SQLite has rolled back by itself after some failures, a full disk among them; then there is nothing left to do. */
function rollBack(db: SqlDatabase): void {
  try {
    db.exec("ROLLBACK");
  } catch {
    // The failure that led here is the one worth telling.
  }
}
