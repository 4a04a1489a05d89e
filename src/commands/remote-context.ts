import type { Logger } from "pino";
import { assembleCredential } from "../assemble.ts";
import { createLog } from "../log.ts";
import { createScrubber } from "../log/scrub.ts";
import { createContext, type CommonFlags, type Context, type Io } from "./context.ts";

/** A context for what speaks to the control plane: with the admin key, and with a log that cannot write it. */
export interface RemoteContext extends Context {
  readonly credential: ReturnType<typeof assembleCredential>;
  readonly log: Logger;
}

/** Throws CREDENTIAL_MISSING when there is no admin key. Takes the key out of the environment. */
export function createRemoteContext(io: Io, flags: CommonFlags): RemoteContext {
  const context = createContext(io, flags);
  const { config } = context;
  const warnings = [...config.warnings];
  const credential = assembleCredential(config, io.env, (warning) => warnings.push(warning));
  const secrets = [credential.reveal()];
  io.clean = createScrubber(secrets);
  const log = createLog({ level: config.logLevel, secrets, pretty: io.stderr.isTTY === true });
  for (const warning of warnings) log.warn({ warning }, "configuration warning");
  return { ...context, credential, log };
}
