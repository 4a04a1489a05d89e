import { resultJson } from "../render/json.ts";
import { commandDaemon } from "./command-daemon.ts";
import { createContext, exits, type CommonFlags, type Io } from "./context.ts";

/** Tells the daemon to write nothing until it is resumed; it goes on reading and telling. */
export function pause(io: Io, flags: CommonFlags): Promise<number> {
  return tell(io, flags, { name: "pause", said: "paused: the daemon writes nothing until it is resumed\n" });
}

/** Lets the daemon write again, beginning with a reconcile pass. */
export function resume(io: Io, flags: CommonFlags): Promise<number> {
  return tell(io, flags, { name: "resume", said: "resumed: the daemon looks at every key now\n" });
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
