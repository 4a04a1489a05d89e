import type { Config } from "../config.ts";
import type { JsonObject } from "../core/policy.ts";
import { askDaemon, type ControlCommand } from "../daemon/control-client.ts";
import { AppError } from "../errors.ts";

/** Tells the daemon to do something. Throws DAEMON_MISSING when none answers. */
export async function commandDaemon({ control }: Config, command: ControlCommand): Promise<JsonObject> {
  const answer = await askDaemon(control.socket, command);
  if (answer !== undefined) return answer;
  const message =
    control.socket === null
      ? "There is no socket by which a daemon could be told: control.socket is off."
      : `No daemon answers at the socket ${control.socket}.`;
  throw new AppError("DAEMON_MISSING", message, {
    hint: "Start one with `keysteward daemon`, or name its socket with control.socket; `keysteward apply` needs none.",
  });
}
