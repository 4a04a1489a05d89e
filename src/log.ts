import { type Logger, pino, stdTimeFunctions } from "pino";
import { AppError } from "./errors.ts";
import { forPeople } from "./log/for-people.ts";
import { createScrubber } from "./log/scrub.ts";
import { createDescriptorWriter } from "./log/standard-error.ts";

interface LogOptions {
  readonly level: string;
  /** Values that must never be written, in any form. */
  readonly secrets: readonly string[];
  /** Lines for a person at a terminal; JSON otherwise. */
  readonly pretty: boolean;
  /** Takes whole lines; standard error unless given. */
  readonly destination?: { write(text: string): void };
}

/** The log. A message is constant, its data goes into fields; a line is written when the call returns. */
export function createLog({ level, secrets, pretty, destination }: LogOptions): Logger {
  const output = destination ?? createDescriptorWriter(2);
  const clean = createScrubber(secrets);
  const stream = {
    write(line: string): void {
      const safe = clean(line);
      output.write(pretty ? clean(forPeople(safe)) : safe);
    },
  };
  const settings = {
    level,
    base: { pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: describe },
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) =>
        Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, describe(value)])),
    },
  };
  return pino(settings, stream);
}

/** An error as data, without what libraries hang on theirs. The stack only where the failure was not foreseen. */
function describe(value: unknown): unknown {
  if (!(value instanceof Error)) {
    return value;
  }
  const code = "code" in value && typeof value.code === "string" ? { code: value.code } : {};
  const cause = value.cause instanceof Error ? { cause: value.cause.message } : {};
  if (value instanceof AppError) {
    return {
      message: value.message,
      ...code,
      ...(value.hint === undefined ? {} : { hint: value.hint }),
      ...cause,
    };
  }
  return { message: value.message, ...code, ...cause, type: value.name, stack: value.stack };
}
