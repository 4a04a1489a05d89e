import { assembleState } from "../assemble.ts";
import type { Config } from "../config.ts";
import { askDaemon } from "../daemon/control-client.ts";
import { humanStatus } from "../render/human-status.ts";
import { statusJson } from "../render/json.ts";
import { isAllWell, type Standing } from "../render/standing.ts";
import { createContext, exits, type CommonFlags, type Io } from "./context.ts";
import { statusFacts, type StatusFacts } from "./status-facts.ts";

/** How things stand: asked of the daemon where one runs, else as the state knows it. */
export async function status(io: Io, flags: CommonFlags): Promise<number> {
  const { config, format, paint, print } = createContext(io, flags);
  const standing = (await standingNow(config)) ?? standingThen(config);
  if (standing.report === null && format === "human") {
    print(`nothing is known yet: no pass has ended in ${config.stateUrl}\n`);
    return exits.changes;
  }
  print(format === "json" ? statusJson(standing) : humanStatus(standing, paint));
  return isAllWell(standing) ? exits.ok : exits.changes;
}

type Quarantined = Pick<StatusFacts, "quarantined">;
type LiveFacts = Omit<StatusFacts, "quarantined"> & Pick<Standing, "doing" | "next">;

/** As the daemon tells it; undefined when none answers. */
export async function standingNow({ control }: Config): Promise<Standing | undefined> {
  const answer = await askDaemon(control.socket, { name: "status" });
  if (answer === undefined) return undefined;
  // A daemon of an earlier release keeps no last good values.
  const { quarantined = [], ...facts } = answer as unknown as Partial<Quarantined> & LiveFacts;
  return { ...facts, quarantined, live: true, now: Date.now() };
}

function standingThen(config: Config): Standing {
  const state = assembleState(config);
  try {
    return { ...statusFacts(state), live: false, doing: null, next: null, now: Date.now() };
  } finally {
    state.close();
  }
}
