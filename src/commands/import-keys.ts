import { join } from "node:path";
import { assemble, assembleImporter, type Assembled } from "../assemble.ts";
import { isUuid } from "../core/canonical.ts";
import { coverageOf } from "../core/coverage.ts";
import type { Guardrail } from "../core/guardrail.ts";
import type { EmptyFields } from "../core/import-fields.ts";
import { importOffences } from "../core/import-offences.ts";
import type { LiveKey } from "../core/key.ts";
import { matchesFilter } from "../core/key-filter.ts";
import { policyNames, policyWord } from "../core/policy-names.ts";
import type { Problem } from "../core/problem.ts";
import { readWholeKeys } from "../reconcile/read-whole-keys.ts";
import { humanImport } from "../render/human-import.ts";
import { humanProblems } from "../render/human-problems.ts";
import { importJson, type ImportedFile, type ImportResult } from "../render/json-keys.ts";
import { exits, stopOnSignal } from "./context.ts";
import type { CommonFlags, Io } from "./context.ts";
import { createRemoteContext, type RemoteContext } from "./remote-context.ts";
import { loadCoverage } from "./coverage-policies.ts";
import { keyFilterFrom, requireKeys, type KeyFilterFlags } from "./key-filter-flags.ts";
import { showProgress } from "./progress.ts";
import { pointerTo, schemaPlace, type SchemaPlace } from "./schema-place.ts";

export interface ImportFlags extends CommonFlags, KeyFilterFlags {
  /** Where files are written; the policy directory unless given. */
  readonly out?: string;
  readonly flat?: boolean;
  readonly empty?: EmptyFields;
  /** The schema that the files point to: a file or an address. */
  readonly schema?: string;
  readonly dryRun?: boolean;
}

/** Writes a policy for each live key that none governs yet, so that the next plan is empty, and tells what guardrails refuse of them. */
export async function importKeys(io: Io, flags: ImportFlags): Promise<number> {
  const filter = keyFilterFrom(flags);
  const context = createRemoteContext(io, flags);
  const { config, credential, log, format, paint, print } = context;
  const schema = schemaPlace({ named: flags.schema, policies: config.policies, cwd: io.cwd });
  const stop = stopOnSignal();
  const assembled = assemble({ config, mode: "read", credential, log, env: io.env });
  try {
    // What is broken whatever is live costs no request.
    const broken = loadCoverage(assembled).blocking;
    if (broken.length > 0) return refused(context, flags, broken);
    const live = await assembled.ports.reader.list({ signal: stop.signal });
    const keys = live.map(({ key }) => key);
    const { resolution, names, blocking } = loadCoverage(assembled, keys);
    if (blocking.length > 0) return refused(context, flags, blocking);
    requireKeys(filter, keys);
    const selected = live.filter(({ key }) => matchesFilter(key, filter));
    const applied = assembled.ports.state.applied();
    const free = selected.filter(({ key }) => isFree(coverageOf(key.id, resolution, applied).kind));
    const files = await importAll(context, assembled, {
      flags,
      live,
      free: free.toSorted((a, b) => (a.key.id < b.key.id ? -1 : 1)),
      taken: names,
      guardrails: resolution.guardrails,
      schema,
      signal: stop.signal,
    });
    const result: ImportResult = {
      ...nothing(context, flags, []),
      live: live.length,
      selected: selected.length,
      governed: selected.length - free.length,
      files,
    };
    print(format === "json" ? importJson(result) : humanImport(result, paint));
    return exits.ok;
  } finally {
    stop.release();
    await assembled.close();
  }
}

function refused(context: RemoteContext, flags: ImportFlags, blocking: readonly Problem[]): number {
  const { io, format, paint, print } = context;
  const reason = "Nothing was imported: what broken policies govern is not known. Mend them first.";
  print(format === "json" ? importJson(nothing(context, flags, blocking)) : humanProblems(blocking, paint));
  io.stderr.write(`keysteward: ${reason}\n`);
  return exits.invalid;
}

function isFree(coverage: ReturnType<typeof coverageOf>["kind"]): boolean {
  return coverage === "ungoverned" || coverage === "orphaned";
}

type Listed = Parameters<typeof readWholeKeys>[1];

interface ImportParts {
  readonly flags: ImportFlags;
  readonly live: Listed;
  /** The keys to import. */
  readonly free: Listed;
  /** Names that policies have. */
  readonly taken: ReadonlySet<string>;
  /** Those in force. */
  readonly guardrails: readonly Guardrail[];
  readonly schema: SchemaPlace | null;
  readonly signal: AbortSignal;
}

async function importAll(
  { io, config }: RemoteContext,
  { ports }: Assembled,
  { flags, live, free, taken, guardrails, schema, signal }: ImportParts,
): Promise<readonly ImportedFile[]> {
  const tools = assembleImporter();
  const directory = flags.out ?? config.policies;
  const progress = showProgress(io, free.length, "keys read");
  const whole = await readWholeKeys(ports, free, { signal, onRead: () => progress.step() });
  progress.end();
  const names = policyNames(
    live.map(({ key }) => ({ id: key.id, name: isSecret(key.name) ? "" : key.name })),
    new Set([...taken, ...tools.fileWords(directory)]),
  );
  return whole.map(({ key, unreadable }): ImportedFile => {
    const name = names.get(key.id) ?? key.id;
    const folder = flags.flat === true ? "" : folderOf(key);
    const file = join(directory, folder, `${name}.yaml`);
    const { text, policy, leftOut } = tools.importPolicy({
      live: key,
      name,
      schema: schema === null ? null : pointerTo(schema, file),
      empty: flags.empty ?? "leave",
      ...(unreadable === null ? {} : { unreadable }),
      clean: io.clean,
      now: ports.clock.now(),
    });
    const outcome = flags.dryRun === true ? "planned" : tools.writeNewFile(file, text);
    const { id: keyId, name: keyName, type, workspaceId } = key;
    // A file that was there already says something else.
    const offences = outcome === "exists" ? [] : importOffences(policy, key, guardrails);
    return { file, outcome, policy: name, keyId, keyName, type, workspaceId, leftOut, offences, text };
  });

  function isSecret(text: string): boolean {
    return io.clean(text) !== text;
  }

  /** A workspace is a team's, and a folder can have an owner. Reads show its UUID, of which eight digits are enough. */
  function folderOf({ workspaceId }: LiveKey): string {
    if (workspaceId === null) return "organisation";
    if (isUuid(workspaceId)) return `workspace-${workspaceId.slice(0, 8).toLowerCase()}`;
    return `workspace-${policyWord(isSecret(workspaceId) ? "" : workspaceId)}`;
  }
}

function nothing({ config }: RemoteContext, flags: ImportFlags, problems: readonly Problem[]): ImportResult {
  const { dryRun = false, out } = flags;
  const counts = { live: null, selected: 0, governed: 0 };
  return { dryRun, directory: out ?? config.policies, ...counts, files: [], problems };
}
