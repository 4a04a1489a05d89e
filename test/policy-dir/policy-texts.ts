import fc from "fast-check";

/*
 * Policy files as people write them: names in any order, block and flow style, quotes, blank lines, anchors, merge keys,
 * and comments that say where they stand: `# above NAME n`, `# behind NAME n`, `# end of NAME n`, `# head n`.
 */

type Tree = string | Branch | readonly Tree[];
interface Branch {
  readonly [name: string]: Tree;
}

/** Endless choices out of a few numbers, so that a smaller text is a shorter list. */
class Tape {
  #at = 0;
  readonly #numbers: readonly number[];
  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }
  below(count: number): number {
    this.#at += 1;
    return ((this.#numbers[this.#at % this.#numbers.length] ?? 0) + Math.floor(this.#at / 7)) % count;
  }
  one<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
  /** So many times out of ten. */
  chance(tenths: number): boolean {
    return this.below(10) < tenths;
  }
  shuffled<T>(items: readonly T[]): T[] {
    const left = [...items];
    return items.map(() => left.splice(this.below(left.length), 1)[0]!);
  }
}

const ids = ["f47ac10b-58cc-4372-a567-0e02b2c3d479", "7d444840-9dc0-41d1-b245-5ffdce74fad2"];
const blocks = [
  "|-\n# no comment\n  text",
  ">-\nfolded words\nand more",
  "|\nkept: yes # no comment",
  ">+\na\n\nb\n",
];

class Writer {
  readonly #tape: Tape;
  readonly #lines: string[] = [];
  #comments = 0;

  constructor(tape: Tape) {
    this.#tape = tape;
  }

  text(): string {
    const count = 1 + this.#tape.below(3);
    for (let index = 0; index < count; index += 1) {
      if (index > 0 || this.#tape.chance(2)) this.#lines.push("---");
      if (this.#tape.chance(6)) this.#comment("head", 0);
      this.#entries(this.#document(), 0);
      if (this.#tape.chance(2)) this.#comment("last", 0);
    }
    return `${this.#lines.join("\n")}\n`;
  }

  #document(): Branch {
    if (this.#tape.chance(2)) return this.#guardrail();
    const isPolicy = this.#tape.chance(7);
    const key = this.#key();
    const spec: Record<string, Tree> = { profiles: ["baseline", '"production"'], key };
    if (isPolicy) {
      if (this.#tape.chance(5)) spec["keyId"] = ids[0]!;
      else if (this.#tape.chance(5)) spec["keyIds"] = ids;
      else {
        spec["match"] = { type: "workspace-service", name: "search-*", metadata: { team: "x", env: "'y'" } };
        if (this.#tape.chance(5)) spec["priority"] = this.#tape.one(["10", "0x10", "1e2"]);
      }
      if (this.#tape.chance(3)) spec["mode"] = this.#tape.one(["report", "'paused'", '"enforce"']);
      if (this.#tape.chance(4)) spec["overrides"] = this.#overrides();
    }
    const metadata: Record<string, Tree> = { name: this.#tape.one(["abc", "'abc'", '"a\\x62c"']) };
    if (isPolicy && this.#tape.chance(5))
      metadata["labels"] = { zeta: "x", alpha: '"012"', "odd name": "~x" };
    return {
      apiVersion: "keysteward/v1",
      kind: isPolicy ? "KeyPolicy" : "Profile",
      metadata,
      spec,
    };
  }

  #overrides(): readonly Branch[] {
    const times = [1, 2].slice(this.#tape.below(2));
    return times.map((month) => ({
      from: `2099-0${month}-01T00:00:00Z`,
      until: `'2099-0${month}-02T00:00:00+01:00'`,
      reason: this.#tape.one(["plain words", '"a: b"', "'it''s'"]),
      key: { name: "other", usage_limits: { type: "cost", credit_limit: "7" } },
    }));
  }

  /** The names of its schema are in an order that is not that of a `key` block. */
  #guardrail(): Branch {
    const budget = {
      required: ["type"],
      properties: { credit_limit: { maximum: "5" }, type: { minLength: "1" } },
    };
    return {
      apiVersion: "keysteward/v1",
      kind: "Guardrail",
      metadata: { name: "rule" },
      spec: {
        match: { labels: { zeta: "x", alpha: '"012"' }, type: "workspace-user", status: "active" },
        severity: "warning",
        message: this.#tape.one(["no such thing", '"a: b"']),
        appliesTo: "live",
        schema: {
          properties: { usage_limits: budget, name: { pattern: "'^a'" }, description: { maxLength: "9" } },
          required: ["usage_limits", "name"],
          type: "object",
        },
      },
    };
  }

  #key(): Branch {
    const limit = { type: "requests", unit: "rpm", value: this.#tape.one(["600", "0x10", "1e3", "+5"]) };
    const merged = { "<<": "*limit", value: "7", unit: "rph" };
    const all: Record<string, Tree> = {
      name: this.#tape.one(["plain words", '"with \\u202e sign"', "'it''s'", '"a: b"', "x#y"]),
      description: this.#tape.one(["null", "~", "'on'", "no", ...blocks]),
      rate_limits: this.#tape.chance(3)
        ? [{ "&limit": "", ...limit }, merged]
        : [limit, { value: "5", type: "tokens", unit: "rpd" }],
      usage_limits: this.#tape.one<Tree>([
        "null",
        { type: "cost", credit_limit: "500.50", alert_threshold: "null", periodic_reset: "monthly" },
      ]),
      scopes: this.#tape.chance(3) ? "*mails" : ["completions.write", "logs.view", '"logs.list"'],
      defaults: {
        metadata: this.#tape.one<Tree>(["null", { team: "search", env: "1.0", "a.b": "true" }]),
        config_id: "null",
        allow_config_override: "false",
      },
      alert_emails: ["a@example.com", "b@example.com", "search-oncall@example.com"],
      expires_at: this.#tape.one(["null", "2027-06-30T23:59:59Z", '"2027-06-30T23:59:59Z"']),
      rotation_policy: { rotation_period: "weekly", key_transition_period_ms: "3600000" },
    };
    const isAliased = all["scopes"] === "*mails";
    if (isAliased) all["alert_emails"] = `&mails [a@example.com, b@example.com]`;
    const names = Object.keys(all).filter((name) => {
      // A block with nothing in it would be null.
      const isNeeded = name === "name" || (isAliased && ["scopes", "alert_emails"].includes(name));
      return this.#tape.chance(6) || isNeeded;
    });
    return Object.fromEntries(names.map((name) => [name, all[name]!]));
  }

  /** `first` is what the first line begins with; undefined where it begins like the others. */
  #entries(branch: Branch, indent: number, first?: string): void {
    const names = this.#ordered(Object.keys(branch));
    names.forEach((name, index) => {
      const pad = index === 0 && first !== undefined ? first : " ".repeat(indent);
      if (this.#tape.chance(1) && index > 0) this.#lines.push("");
      // Above the first entry of a document, or of an item, stands what is said of the whole.
      const isFirst = index === 0 && (indent === 0 || first !== undefined);
      if (this.#tape.chance(2) && !isFirst) this.#comment(`above ${name}`, indent);
      this.#entry({ name, pad, indent }, branch[name]!);
    });
  }

  /** An alias stands behind its anchor. */
  #ordered(names: readonly string[]): string[] {
    const shuffled = this.#tape.shuffled(names.filter((name) => !name.startsWith("&")));
    const isAliased = names.includes("scopes") && names.includes("alert_emails");
    return isAliased ? [...shuffled.filter((name) => name !== "scopes"), "scopes"] : shuffled;
  }

  #entry({ name, pad, indent }: { name: string; pad: string; indent: number }, tree: Tree): void {
    const behind = this.#tape.chance(2) ? ` # behind ${name} ${(this.#comments += 1)}` : "";
    const inner = indent + this.#tape.one([2, 2, 2, 4]);
    if (typeof tree === "string") {
      const [head, ...rest] = tree.split("\n");
      if (rest.length === 0)
        this.#lines.push(`${pad}${name}:${this.#tape.one([" ", "   "])}${tree}${behind}`);
      else {
        this.#lines.push(`${pad}${name}: ${head!}`);
        for (const line of rest) this.#lines.push(line === "" ? "" : " ".repeat(inner) + line);
      }
    } else if (!JSON.stringify(tree).includes('"&') && this.#tape.chance(4)) {
      this.#lines.push(`${pad}${name}: ${flow(tree, this.#tape)}${behind}`);
    } else {
      this.#lines.push(`${pad}${name}:${behind}`);
      const isFlat = isList(tree) && this.#tape.chance(3);
      if (isList(tree)) this.#items(tree, isFlat ? indent : inner);
      else this.#entries(tree, inner);
      // In one column with the dashes it would be one above the next entry.
      if (this.#tape.chance(1) && !isFlat) this.#comment(`end of ${name}`, inner);
    }
  }

  #items(items: readonly Tree[], indent: number): void {
    for (const item of items) {
      const dash = `${" ".repeat(indent)}- `;
      if (typeof item === "string") this.#lines.push(dash + item);
      else if (isList(item)) this.#lines.push(dash + flow(item, this.#tape));
      else if ("&limit" in item) {
        this.#lines.push(`${dash}&limit`);
        this.#entries(item, indent + 2, " ".repeat(indent + 2));
      } else if ("<<" in item || this.#tape.chance(5)) this.#lines.push(dash + flow(item, this.#tape));
      else this.#entries(item, indent + 2, dash);
    }
  }

  #comment(what: string, indent: number): void {
    this.#comments += 1;
    this.#lines.push(`${" ".repeat(indent)}# ${what} ${this.#comments}`);
  }
}

function flow(tree: Tree, tape: Tape): string {
  if (typeof tree === "string") return tree.includes("\n") || tree === "~x" ? "'a b'" : tree;
  if (isList(tree)) return `[${tree.map((item) => flow(item, tape)).join(", ")}]`;
  const names = tape.shuffled(Object.keys(tree).filter((name) => !name.startsWith("&")));
  const pad = tape.one(["", " "]);
  return `{${pad}${names.map((name) => `${name}: ${flow(tree[name]!, tape)}`).join(", ")}${pad}}`;
}

function isList(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree);
}

export const anyPolicyText: fc.Arbitrary<string> = fc
  .array(fc.nat(1000), { minLength: 20, maxLength: 120 })
  .map((numbers) => new Writer(new Tape(numbers)).text());
