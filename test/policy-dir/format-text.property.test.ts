import fc from "fast-check";
import { expect, test } from "vitest";
import { isMap, isSeq, parseAllDocuments, visit } from "yaml";
import { formatText } from "../../src/policy-dir/format-text.ts";
import { defaultLimits } from "../../src/policy-dir/limits.ts";
import { holds, timeFor } from "../property.ts";
import { anyPolicyText } from "./policy-texts.ts";

/*
 * For every file that is sound:
 *
 *   1. it is formatted, never refused; what it says is the same, by the YAML library's own reading;
 *   2. formatting it again changes nothing;
 *   3. every comment is there, above or behind the same entry, or on top of its document;
 *   4. the names of `spec`, of `key`, of a selector and of each override stand in the order of the schema, unless anchors
 *      forbid it; those of a guardrail's `schema` stand as they did.
 */

test(
  "formatting keeps what a file says and its comments, and is done after one time",
  (context) =>
    holds(
      context,
      "fmt: what a file says",
      fc.property(anyPolicyText, (text) => {
        const formatted = formatText("a.yaml", Buffer.from(text), defaultLimits);
        expect(formatted, text).toMatchObject({ kind: "text" });
        const after = formatted.kind === "text" ? formatted.text : "";
        expect(values(after), `${text}\n=>\n${after}`).toEqual(values(text));
        const again = formatText("a.yaml", Buffer.from(after), defaultLimits);
        expect(again).toMatchObject({ kind: "text", text: after });
        expect(comments(after)).toEqual(comments(text));
        expect(strays(after), `${text}\n=>\n${after}`).toEqual([]);
        expect(disorder(after), after).toEqual([]);
        expect(schemas(after), after).toEqual(schemas(text));
      }),
    ),
  timeFor("fmt: what a file says"),
);

function values(text: string): unknown[] {
  const documents = parseAllDocuments(text, { merge: true, uniqueKeys: false });
  return (documents as { toJS(): unknown }[]).map((document) => document.toJS());
}

/** The schemas of guardrails, each with its names in their order. */
function schemas(text: string): string[] {
  return values(text).flatMap((one: any) =>
    one.kind === "Guardrail" ? [JSON.stringify(one.spec.schema)] : [],
  );
}

const said = /# (?:head|last|above .*|behind .*|end of .*) \d+/g;

function comments(text: string): string[] {
  return [...text.matchAll(said)].map(([comment]) => comment).sort();
}

/** Comments that do not stand where they say. */
function strays(text: string): string[] {
  const lines = text.split("\n");
  return lines.flatMap((line, index) => {
    const [, where, name = ""] = /# (above|behind|head|last)(?: (.*))? \d+$/.exec(line) ?? [];
    const rest = lines.slice(index + 1).filter((other) => !/^\s*(#|$)/.test(other));
    const starts = (other: string | undefined): boolean =>
      other?.replace(/^\s*(?:- )?/, "").startsWith(`${name}:`) === true;
    switch (where) {
      case "above":
        return starts(rest[0]) ? [] : [line];
      case "behind":
        return starts(line) ? [] : [line];
      case "head":
        return rest[0]?.startsWith("apiVersion:") === true || rest[0] === "---" ? [] : [line];
      case "last":
        return rest[0] === undefined || rest[0] === "---" || rest[0].startsWith("apiVersion:") ? [] : [line];
      default:
        return [];
    }
  });
}

const orders: Readonly<Record<string, readonly string[]>> = {
  spec: [
    "keyId",
    "keyIds",
    "match",
    "priority",
    "mode",
    "profiles",
    "key",
    "overrides",
    "severity",
    "message",
    "appliesTo",
    "schema",
  ],
  match: ["labels", "type", "workspace_id", "name", "metadata", "status"],
  overrides: ["from", "until", "reason", "key"],
  usage_limits: ["type", "credit_limit", "alert_threshold", "periodic_reset"],
  key: [
    "name",
    "description",
    "rate_limits",
    "usage_limits",
    "scopes",
    "defaults",
    "alert_emails",
    "expires_at",
    "rotation_policy",
  ],
};

function disorder(text: string): string[] {
  const wrong: string[] = [];
  for (const document of parseAllDocuments(text, { uniqueKeys: false }) as any[]) {
    const isAliased = String(document).includes(": *");
    visit(document, {
      Pair(_key, { key, value }) {
        const name = String((key as any).value);
        if (name === "schema") return visit.SKIP;
        const order = orders[name];
        if (order === undefined || isAliased) return undefined;
        for (const map of isSeq(value) ? value.items : [value]) {
          const names = isMap(map) ? map.items.map((pair) => String((pair.key as any).value)) : [];
          const sorted = order.filter((one) => names.includes(one));
          if (names.join() !== sorted.join()) wrong.push(names.join());
        }
        return undefined;
      },
    });
  }
  return wrong;
}
