import type { Logger } from "pino";
import { Withdrawn } from "../reconcile/withdrawn.ts";
import { stopOnSignal } from "./context.ts";

/** Aborted with a `Withdrawn` when the command was asked to stop. */
export function stopping(log: Logger): { readonly signal: AbortSignal; release(): void } {
  const stop = stopOnSignal();
  const withdrawn = new AbortController();
  stop.signal.addEventListener(
    "abort",
    () => {
      log.info("stopping");
      withdrawn.abort(new Withdrawn(true));
    },
    { once: true },
  );
  return { signal: withdrawn.signal, release: () => stop.release() };
}
