/**
 * Every failure that ends a command, with the exit code it asks for. 4 tells a supervisor that starting again cannot
 * help; 1 is a defect of ours.
 */
export const errorCodes = {
  CONFIG_INVALID: 4,
  USAGE: 4,
  CREDENTIAL_MISSING: 4,
  CREDENTIAL_REFUSED: 4,
  BASE_URL_WRONG: 4,
  STATE_UNUSABLE: 4,
  STATE_CORRUPT: 4,
  STATE_NEWER: 4,
  STATE_LOCKED: 4,
  STATE_DRIVER_MISSING: 4,
  SOCKET_UNUSABLE: 4,
  SOCKET_IN_USE: 4,
  DAEMON_MISSING: 4,
  DAEMON_FAILED: 5,
  STATE_WRITE_FAILED: 5,
  POLICY_WRITE_FAILED: 5,
  REMOTE_UNAVAILABLE: 5,
  LIST_INCOMPLETE: 5,
  STOPPED: 5,
  NOTHING_TO_RESTORE: 4,
  DEMO_FAILED: 1,
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface AppErrorOptions {
  /** What the reader can do about it, as a sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** A failure that was foreseen. Its message says which thing, what was found and what was expected; never a secret. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }

  get exitCode(): number {
    return errorCodes[this.code];
  }
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
