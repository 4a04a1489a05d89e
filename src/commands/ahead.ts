import { AppError } from "../errors.ts";
import { namedInstant } from "./instant.ts";

/** The instant from `--at`, in milliseconds since the epoch; undefined without it. Throws USAGE for one that is over. */
export function instantAhead(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const at = namedInstant(text);
  if (at === undefined) {
    throw new AppError("USAGE", `--at ${text} is no instant`, {
      hint: "An instant with its zone, such as 2026-12-01T09:00:00+01:00, or a day, which means its beginning in UTC.",
    });
  }
  if (at < now) {
    throw new AppError("USAGE", `--at ${text} is over: what was in force then is not asked any more`, {
      hint: "Name an instant from now on; `keysteward history` shows what was written before.",
    });
  }
  return at;
}
