import { assemble } from "../assemble.ts";
import { auditKeys } from "../core/audit-keys.ts";
import { matchesFilter } from "../core/key-filter.ts";
import { findUnlisted } from "../reconcile/find-unlisted.ts";
import { judgeLiveKeys } from "../reconcile/judge-live-keys.ts";
import { auditFindings, auditJunit } from "../render/audit-reports.ts";
import { githubAnnotations } from "../render/github-annotations.ts";
import { humanAudit } from "../render/human-audit.ts";
import { humanProblems } from "../render/human-problems.ts";
import { auditJson, type AuditResult } from "../render/json-keys.ts";
import { sarif } from "../render/sarif.ts";
import { exits, stopOnSignal, type CommonFlags, type Format, type Io } from "./context.ts";
import { createRemoteContext } from "./remote-context.ts";
import { loadCoverage } from "./coverage-policies.ts";
import { keyFilterFrom, requireKeys, type KeyFilterFlags } from "./key-filter-flags.ts";

export type AuditFlags = CommonFlags & KeyFilterFlags;

/** Which live keys are governed, and which are not; what policies name that is not live; what guardrails find. */
export async function audit(io: Io, flags: AuditFlags): Promise<number> {
  const filter = keyFilterFrom(flags);
  const context = createRemoteContext(io, flags);
  const { config, credential, log, format, paint, print } = context;
  const stop = stopOnSignal();
  const assembled = assemble({ config, mode: "read", credential, log, env: io.env });
  const { ports } = assembled;
  try {
    const records = await ports.reader.list({ signal: stop.signal });
    const { resolution, labelsOf, blocking } = loadCoverage(
      assembled,
      records.map(({ key }) => key),
    );
    const listed = new Set(records.map(({ key }) => key.id));
    const unlisted = await findUnlisted(ports, resolution, { listed, signal: stop.signal });
    const live = [...records.map(({ key }) => key), ...unlisted.found];
    requireKeys(filter, live);
    const selected = live.filter((key) => matchesFilter(key, filter));
    const { violations, unjudged } = await judgeLiveKeys(ports, {
      records: selected.map((key) => ({ key })),
      guardrails: resolution.guardrails,
      labelsOf,
      signal: stop.signal,
    });
    const result = {
      live: live.length,
      keys: auditKeys(selected, resolution, ports.state.applied()),
      // What is not live has no type and no workspace: only its id can be asked for.
      absent: Object.keys(filter).length === 0 ? unlisted.absent : [],
      violations,
      unjudged,
      problems: resolution.problems,
    };
    const none = resolution.problems.some(({ code }) => code === "KS1001" || code === "KS1003")
      ? `There are no policies in ${config.policies}, so nothing can be governed: check --policies, or begin here.\n\n`
      : "";
    print(rendered(format, result, () => humanProblems(blocking, paint) + none + humanAudit(result, paint)));
    const forbidden = violations.some(({ guardrail }) => guardrail.severity === "error");
    return blocking.length > 0 || forbidden ? exits.invalid : exits.ok;
  } finally {
    stop.release();
    await assembled.close();
  }
}

function rendered(format: Format, result: AuditResult, human: () => string): string {
  switch (format) {
    case "json":
      return auditJson(result);
    case "sarif":
      return sarif(auditFindings(result));
    case "junit":
      return auditJunit(result);
    case "github":
      return githubAnnotations(auditFindings(result));
    case "human":
      return human();
    default:
      return format satisfies never;
  }
}
