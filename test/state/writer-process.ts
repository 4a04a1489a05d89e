/*
 * A writer in a process of its own: `node --expose-gc --import tsx writer-process.ts PATH SEED [MOST]`. It works on the ledger of ten keys
 * in a loop and says each step on standard output after it is done, so that whoever kills it knows what must be there.
 * With MOST, it keeps no more than that many lines of the audit trail. With SEED `hold` it only opens the state and waits.
 */
import { writeSync } from "node:fs";

import { openState, type OwnState } from "../../src/state/open-state.ts";
import { auditOf, claimOf } from "./fixtures.ts";

const [path = "", seed = "", most] = process.argv.slice(2);

if (seed === "hold") {
  open();
  // The state is referred to by nobody now; that must not let the lock go.
  (globalThis as { gc?: () => void }).gc?.();
  say("open");
  process.stdin.resume();
} else {
  const state = open();
  say("open");
  const first = Number(seed);
  for (let at = first; at < first + 100_000; at++) {
    const id = `key-${at % 10}`;
    state.claim(claimOf(id, [{ path: "name", value: `name ${at}` }], at), auditOf(id, "claimed", at));
    say(`claimed ${id} ${at}`);
    state.confirm(id, at, auditOf(id, "applied", at));
    say(`confirmed ${id} ${at}`);
    if (most !== undefined) state.trimAudit({ keepMs: Infinity, most: Number(most) }, at);
  }
}

function open(): OwnState {
  return openState({ url: `sqlite:${path}`, mode: "write", lockOwner: `writer ${seed}` });
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}
