import { assembleState } from "../assemble.ts";
import { isInSync, readReport, type PassReport } from "../core/outcome.ts";
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
  const begun = state.fact("begun");
  state.close();
  if (fact === undefined) {
    print(
      format === "json"
        ? nothingKnownJson
        : `nothing is known yet: no pass has ended in ${config.stateUrl}\n`,
    );
    return Promise.resolve(exits.changes);
  }
  const report = knownReport(fact);
  const interrupted = isInterrupted(report, begun);
  print(format === "json" ? statusJson(report, interrupted) : humanStatus(report, paint, interrupted));
  return Promise.resolve(isInSync(report) && !interrupted ? exits.ok : exits.changes);
}

/** Whether a later pass began to write and has not ended: it is under way, or its process was killed. */
function isInterrupted(report: PassReport, begun: JsonObject | undefined): boolean {
  return (
    begun !== undefined &&
    begun["pass"] !== report.pass &&
    typeof begun["at"] === "number" &&
    begun["at"] >= Date.parse(report.endedAt)
  );
}

const nothingKnownJson = `${JSON.stringify({ version: 1, pass: null, inSync: false }, null, 2)}\n`;

function knownReport(fact: JsonObject): PassReport {
  if (fact["version"] !== 1) {
    throw new AppError(
      "STATE_NEWER",
      "the last report in the state is of a version that this program does not know",
      {
        hint: "Use the version of Keysteward that wrote it, or a newer one.",
      },
    );
  }
  return readReport(fact);
}
