import type { AuditedKey } from "../core/audit-keys.ts";
import type { Coverage } from "../core/coverage.ts";
import { placeText } from "../core/problem.ts";
import type { Paint, Style } from "./color.ts";
import { humanViolations } from "./human-guardrails.ts";
import { plural, printable } from "./human-problems.ts";
import type { AuditResult } from "./json-keys.ts";

const styles: Readonly<Record<Coverage["kind"], Style>> = {
  ungoverned: "red",
  orphaned: "red",
  held: "yellow",
  governed: "green",
};

/** A line a key, the ungoverned ones first, and what makes each of those powerful; then what is not live, then what guardrails find. */
export function humanAudit(result: AuditResult, paint: Paint): string {
  const { keys, absent, live } = result;
  const lines = keys.map((one) => humanKey(one, paint));
  const gone = absent.map(({ keyId, policy, place, message }) => {
    const where = printable(`(${policy}, ${placeText(place)}): ${message}`);
    return `${paint("yellow", "not live")} ${keyId} ${where}\n`;
  });
  const parts = [
    lines.join(""),
    gone.join(""),
    humanViolations(result, paint),
    summary(keys, absent.length, { live, paint }),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function humanKey({ key, coverage, power }: AuditedKey, paint: Paint): string {
  const name = paint("bold", printable(JSON.stringify(key.name)));
  const workspace = key.workspaceId === null ? "" : ` ${key.workspaceId}`;
  const head = `${paint(styles[coverage.kind], coverage.kind)} ${name} ${key.id} ${printable(key.type + workspace)}`;
  const by = coverage.kind === "ungoverned" ? "" : ` ${paint("dim", printable(byWhom(coverage)))}`;
  const why = coverage.kind === "governed" ? "" : `  ${printable(power.reasons.join("; "))}\n`;
  return `${head}${by}\n${why}`;
}

function byWhom(coverage: Exclude<Coverage, { kind: "ungoverned" }>): string {
  const mode = coverage.kind === "governed" && coverage.mode !== "enforce" ? `, ${coverage.mode}` : "";
  const selectedBy = coverage.kind === "governed" ? coverage.selectedBy : undefined;
  const who = selectedBy?.map(({ policy }) => policy).join(" and ");
  const policy = who === undefined ? coverage.policy : `selected by ${who}`;
  return `(${policy}, ${placeText(coverage.place)}${mode})`;
}

function summary(
  keys: readonly AuditedKey[],
  absent: number,
  { live, paint }: { readonly live: number; readonly paint: Paint },
): string {
  const count = (...kinds: readonly Coverage["kind"][]): number =>
    keys.filter(({ coverage }) => kinds.includes(coverage.kind)).length;
  const free = count("ungoverned", "orphaned");
  const verdict =
    free === 0 ? paint("green", "Every key is governed.") : paint("red", `${free} not governed.`);
  const shown = keys.length === live ? plural(live, "key") : `${keys.length} of ${plural(live, "key")}`;
  const held = count("held");
  const more = [
    ...(held > 0 ? [`${held} held by a broken policy`] : []),
    ...(absent > 0 ? [`${absent} named and not live`] : []),
  ];
  const next = free > 0 ? "`keysteward import` makes policies for keys that have none.\n" : "";
  return `${verdict} ${[`${shown}, ${count("governed")} governed`, ...more].join("; ")}.\n${next}`;
}
