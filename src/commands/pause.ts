import { randomUUID } from "node:crypto";
import { assembleState, assembleWritableState } from "../assemble.ts";
import type { Config } from "../config.ts";
import type { KeyId } from "../core/policy.ts";
import { askDaemon } from "../daemon/control-client.ts";
import { resultJson } from "../render/json.ts";
import { commandDaemon } from "./command-daemon.ts";
import { ledgerNames, liveNames, namedKey } from "./named-key.ts";
import { resumeKey } from "../reconcile/resume-key.ts";
import { createContext, exits, type CommonFlags, type Io } from "./context.ts";

/** Tells the daemon to write nothing until it is resumed; it goes on reading and telling. */
export function pause(io: Io, flags: CommonFlags): Promise<number> {
  return tell(io, flags, { name: "pause", said: "paused: the daemon writes nothing until it is resumed\n" });
}

/** Lets the daemon write again, beginning with a reconcile pass; or lets a key's policy hold again. */
export function resume(io: Io, key: string | undefined, flags: CommonFlags): Promise<number> {
  if (key !== undefined) return resumeOne(io, key, flags);
  return tell(io, flags, { name: "resume", said: "resumed: the daemon looks at every key now\n" });
}

async function resumeOne(io: Io, key: string, flags: CommonFlags): Promise<number> {
  const { config, format, print } = createContext(io, flags);
  const reader = assembleState(config);
  const keyId = namedKey(key, [ledgerNames(reader), liveNames(reader)]);
  reader.close();
  const answer = await askDaemon(config.control.socket, { name: "resume", body: { keyId } });
  const resumed = answer === undefined ? resumeAlone(config, keyId) : answer["resumed"] === true;
  if (format === "json") print(resultJson({ version: 1, keyId, resumed }));
  else print(resumed ? `resumed: its policy holds again for ${keyId}\n` : `${keyId} was not put back\n`);
  return exits.ok;
}

function resumeAlone(config: Config, keyId: KeyId): boolean {
  const state = assembleWritableState(config);
  try {
    return resumeKey(state, keyId, { pass: randomUUID(), now: Date.now() });
  } finally {
    state.close();
  }
}

interface Order {
  readonly name: "pause" | "resume";
  /** For people. */
  readonly said: string;
}

async function tell(io: Io, flags: CommonFlags, { name, said }: Order): Promise<number> {
  const { config, format, print } = createContext(io, flags);
  const answer = await commandDaemon(config, { name });
  print(format === "json" ? resultJson(answer) : said);
  return exits.ok;
}
