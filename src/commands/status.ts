import { assembleState } from "../assemble.ts";
import { isInSync, type PassReport } from "../core/outcome.ts";
import type { JsonObject } from "../core/policy.ts";
import { AppError } from "../errors.ts";
import { humanStatus } from "../render/human-status.ts";
import { statusJson } from "../render/json.ts";
import { createContext, exits, type CommonFlags, type Io } from "./context.ts";

/** How things stood at the end of the last pass, as the state knows it. */
export function status(io: Io, flags: CommonFlags): Promise<number> {
  const { config, format, paint, print } = createContext(io, flags);
  const state = assembleState(config);
  const fact = state.fact("report");
  state.close();
  if (fact === undefined) {
    print(
      format === "json"
        ? nothingKnownJson
        : `nothing is known yet: no pass has ended in ${config.stateUrl}\n`,
    );
    return Promise.resolve(exits.changes);
  }
  const report = readReport(fact);
  print(format === "json" ? statusJson(report) : humanStatus(report, paint));
  return Promise.resolve(isInSync(report) ? exits.ok : exits.changes);
}

const nothingKnownJson = `${JSON.stringify({ version: 1, pass: null, inSync: false }, null, 2)}\n`;

function readReport(fact: JsonObject): PassReport {
  if (fact["version"] !== 1) {
    throw new AppError(
      "STATE_NEWER",
      "the last report in the state is of a version that this program does not know",
      {
        hint: "Use the version of Keysteward that wrote it, or a newer one.",
      },
    );
  }
  return fact as unknown as PassReport;
}
