import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../../src/core/policy.ts";
import { documentValues } from "../../src/policy-dir/document-values.ts";
import { editValue } from "../../src/policy-dir/edit-value.ts";
import { defaultLimits } from "../../src/policy-dir/limits.ts";
import { policySchema } from "../../src/policy-dir/policy-schema.ts";
import { documentShape } from "../../src/policy-dir/schema-order.ts";
import { holds, timeFor } from "../property.ts";
import { anyPolicyText } from "./policy-texts.ts";

/*
 * For every file and every field that is set to another value:
 *
 *   1. the field has the value, every other field and document has the value that it had;
 *   2. no comment goes but those behind what is taken away;
 *   3. the same edit once more changes nothing.
 */

const edits: readonly (readonly [path: string, value: Json])[] = [
  ["name", "new: name"],
  ["description", null],
  ["description", "line\nline"],
  ["rate_limits", null],
  ["rate_limits", [{ type: "tokens", unit: "rpd", value: 9 }]],
  ["usage_limits", null],
  ["usage_limits.credit_limit", 7],
  ["usage_limits.periodic_reset", null],
  ["scopes", ["logs.view", "a.new.one"]],
  ["defaults.metadata.team", "x"],
  ["defaults.config_id", "3f2b6c1e-8d4a-4f7b-9a55-2c6d1e0f9b84"],
  ["expires_at", "2099-01-01T00:00:00Z"],
  ["rotation_policy", null],
  ["alert_emails", ["z@example.com", "b@example.com"]],
];

test(
  "one field is set, and nothing else changes",
  (context) =>
    holds(
      context,
      "edit: one field of a text",
      fc.property(anyPolicyText, fc.constantFrom(...edits), (text, [path, value]) => {
        // What an anchor gives to others changes with it: whoever asks for an edit judges that.
        fc.pre(!(path === "alert_emails" && text.includes("&mails")));
        const shape = documentShape(policySchema().schema, "KeyPolicy");
        const names = ["spec", "key", ...path.split(".")];
        const edited = editValue(text, { document: 0, shape }, { names, value });
        // An item that others are built on cannot go alone.
        fc.pre(!(edited.kind === "refused" && text.includes("&limit") && path === "rate_limits"));
        expect(edited, text).toMatchObject({ kind: "text" });
        const after = edited.kind === "text" ? edited.text : "";
        const shown = `${path} = ${JSON.stringify(value)}\n${text}\n=>\n${after}`;
        const [old, fresh] = [text, after].map((one) => documentValues(one, defaultLimits));
        expect(sorted(valueAt(fresh![0]!, names)), shown).toEqual(sorted(value));
        expect(without(fresh![0]!, names), shown).toEqual(without(old![0]!, names));
        expect(fresh!.slice(1)).toEqual(old!.slice(1));
        for (const line of ownComments(text)) expect(after, shown).toContain(line);
        expect(editValue(after, { document: 0, shape }, { names, value })).toEqual({
          kind: "text",
          text: after,
        });
      }),
    ),
  timeFor("edit: one field of a text"),
);

function valueAt(document: Json, names: readonly string[]): Json {
  return names.reduce<any>((inner, name) => inner?.[name] ?? null, document);
}

/** The order of a list means nothing. */
function sorted(value: Json): Json {
  return Array.isArray(value)
    ? [...value].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    : value;
}

/** The document without a field, and without what had to be made to hold it. */
function without(document: Json, [name = "", ...rest]: readonly string[]): Json {
  const { [name]: inner, ...others } = document as Record<string, Json>;
  if (rest.length === 0 || inner === undefined || inner === null) return others;
  const left = without(inner, rest);
  return Object.keys(left as object).length === 0 ? others : { ...others, [name]: left };
}

/** Comments on lines of their own. */
function ownComments(text: string): string[] {
  return text.split("\n").filter((line) => /^\s*# (head|last|end of|above) /.test(line));
}
