import { assembleHistory } from "../assemble.ts";
import { canonicalId } from "../core/canonical.ts";
import type { HistoryFilter } from "../core/history.ts";
import { AppError } from "../errors.ts";
import { humanHistory, humanVerdict } from "../render/human-history.ts";
import { historyJson, verdictJson } from "../render/history-json.ts";
import { createContext, exits, type CommonFlags, type Io } from "./context.ts";
import { instantOf } from "./instant.ts";

export interface HistoryFlags extends CommonFlags {
  readonly key?: string;
  readonly policy?: string;
  readonly commit?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: string;
}

/** What was written, when, and why; the latest first. */
export function history(io: Io, flags: HistoryFlags): Promise<number> {
  const { key, policy, commit, since, until, limit, ...common } = flags;
  const filter = filterFrom({ key, policy, commit, since, until, limit }, Date.now());
  const { config, format, paint, print } = createContext(io, common);
  const entries = assembleHistory(config).entries(filter);
  print(format === "json" ? historyJson(entries) : humanHistory(entries, { paint, limit: filter.limit }));
  return Promise.resolve(exits.ok);
}

/** Whether the audit trail is what was written. */
export function verifyHistory(io: Io, flags: HistoryFlags): Promise<number> {
  const { key, policy, commit, since, until, limit, ...common } = flags;
  for (const [name, value] of Object.entries({ key, policy, commit, since, until, limit })) {
    if (value !== undefined) throw usage(`--${name}: the audit trail is checked as a whole`);
  }
  const { config, format, paint, print } = createContext(io, common);
  const report = assembleHistory(config).verify();
  print(format === "json" ? verdictJson(report) : humanVerdict(report, paint));
  return Promise.resolve(report.broken === null ? exits.ok : exits.broken);
}

type Wanted = Readonly<Record<"key" | "policy" | "commit" | "since" | "until" | "limit", string | undefined>>;

function filterFrom({ key, policy, commit, since, until, limit = "50" }: Wanted, now: number): HistoryFilter {
  if (!/^[1-9]\d{0,8}$/.test(limit)) throw usage(`--limit: found "${limit}", expected a whole number from 1`);
  if (commit !== undefined && !/^[0-9a-f]{4,64}$/i.test(commit)) {
    throw usage(`--commit: found "${commit}", expected at least four digits of a commit, such as 1f0c6a2`);
  }
  const keyId = canonicalId(key);
  return {
    limit: Number(limit),
    ...(keyId === null ? {} : { keyId }),
    ...(policy === undefined ? {} : { policy }),
    ...(commit === undefined ? {} : { commit: commit.toLowerCase() }),
    ...(since === undefined ? {} : { since: time("--since", since, now) }),
    ...(until === undefined ? {} : { until: time("--until", until, now) }),
  };
}

function time(flag: string, text: string, now: number): number {
  const instant = instantOf(text, now);
  if (instant !== undefined) return instant;
  throw usage(
    `${flag}: found "${text}", expected an instant such as 2026-11-25T10:00:00Z, or how long ago: 24h, 7d`,
  );
}

function usage(message: string): AppError {
  return new AppError("USAGE", message, { hint: "keysteward history --help shows the flags." });
}
