import fc from "fast-check";
import * as prettier from "prettier";
import { describe, expect, test } from "vitest";
import { policyCourses } from "../../src/core/policy-courses.ts";
import type { Notice, Plan, Refusal } from "../../src/core/plan.ts";
import type { Json } from "../../src/core/policy.ts";
import { problemAt } from "../../src/core/problem.ts";
import { unenforcedDifferences } from "../../src/core/unenforced.ts";
import { githubPlan, longestComment } from "../../src/render/github-plan.ts";
import { keyId, liveKey, now, plan, policy, propertyRuns, resolve, seen } from "../core/build.ts";
import { reviewView } from "./review.ts";
import { controls, problems } from "./samples.ts";

interface Node {
  readonly type: string;
  readonly value?: string;
  readonly children?: readonly Node[];
}

/** The page as a parser of Markdown that knows nothing of ours sees it. */
async function nodesOf(markdown: string): Promise<Node[]> {
  // Prettier's own parser of GitHub's Markdown; not part of its documented API.
  const { __debug: debug } = prettier as unknown as {
    __debug: { parse(text: string, options: object): Promise<{ ast: Node }> };
  };
  const { ast } = await debug.parse(markdown, { parser: "markdown" });
  const all: Node[] = [];
  function visit(node: Node): void {
    all.push(node);
    node.children?.forEach(visit);
  }
  visit(ast);
  return all;
}

/** What a reader may meet that is not inside of code, written out. */
const ours = {
  types: new Set([
    ..."root heading paragraph text strong inlineCode code html table tableRow tableCell list listItem".split(
      " ",
    ),
    "sentence",
    "word",
    "whitespace",
  ]),
  html: /^(?:<!-- keysteward (?:plan|forecast) -->|<\/details>|<details(?: open)?><summary>[^<>]*(?:<b><code>[^<>]*<\/code><\/b>)(?: <code>[^<>]*<\/code>)+<\/summary>)$/,
};

async function expectOnlyOurs(markdown: string): Promise<void> {
  const nodes = await nodesOf(markdown);
  expect(nodes.map(({ type }) => type).filter((type) => !ours.types.has(type))).toEqual([]);
  for (const { type, value = "" } of nodes) {
    if (type === "html") expect(value).toMatch(ours.html);
    if (type === "text") expect(value).not.toMatch(/evil|[@#<>[\]|]/);
  }
  expect(markdown.split("\n").filter((line) => controls.test(line))).toEqual([]);
}

const bait = fc.constantFrom(
  "@evil",
  "@evil/team",
  "#1",
  "evil#1",
  "GH-1",
  "[evil](https://evil.example)",
  "https://evil.example",
  "www.evil.example",
  "evil@evil.example",
  "![evil](x)",
  "<img src=evil onerror=evil>",
  "</code></summary></details><script>evil</script>",
  "<!-- evil",
  "-->",
  "&lt;evil&gt;",
  "`",
  "``",
  "```",
  "````\n@evil\n````",
  "|",
  "\n\n# evil\n\n",
  "\r\n- evil",
  "\n\n</details>\n\n@evil",
  "\\",
  "\\`@evil",
  "~~~",
  "***",
  "\t",
  "\u2028@evil",
  "\u202e",
  "\u0000",
  "\ud800",
  " ",
  "",
);
const hostileText = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: bait },
      { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 8 }) },
    ),
    {
      maxLength: 6,
    },
  )
  .map((parts) => parts.join(""));

/** A plan in which everything that can come from outside is hostile. */
function hostileView(texts: readonly string[]) {
  let turn = 0;
  const next = (): string => texts[turn++ % texts.length] ?? "";
  const place = () => ({ file: next(), line: 1, column: 1 });
  const metadata: Record<string, Json> = { [`m${next()}`]: next() };
  const key = {
    name: `n${next()}`,
    description: next(),
    scopes: [`s${next()}`, "logs.view"],
    defaults: { metadata },
  };
  const policies = [
    policy({
      name: next(),
      place: place(),
      key,
      overrides: [
        { until: "2026-09-03T00:00:00Z", reason: next(), key: { name: `o${next()}`, scopes: [next()] } },
      ],
    }),
    policy({ name: `${next()}2`, place: place(), keyIds: [keyId(2)], mode: "report", key }),
  ];
  const sightOf = seen(liveKey(1, { name: next(), scopes: [next()] }), liveKey(2, { description: next() }));
  const resolution = resolve({ policies });
  const made: Plan = plan({ resolution, sightOf });
  const notice: Notice = { kind: "orphaned", keyId: keyId(7), policy: next(), message: next() };
  const refusal: Refusal = { rule: "changed", message: next(), limit: 1, actual: 2, approve: next() };
  return {
    view: {
      plan: { ...made, notices: [...made.notices, notice], refusals: [refusal] },
      names: new Map([[keyId(1), next()]]),
      unenforced: unenforcedDifferences(resolution.desired.values(), sightOf, now),
      courses: policyCourses(resolution.desired.values()),
      all: true,
    },
    problems: [problemAt("KS1204", place(), { message: next() })],
  };
}

describe("a plan for a pull request", () => {
  test.each([false, true])("is what the golden file shows, all of it: %s", async (all) => {
    const text = githubPlan({ ...reviewView, all }, problems);
    await expect(text).toMatchFileSnapshot(`golden/plan${all ? ".all" : ""}.github.txt`);
    await expectOnlyOurs(text);
  });

  test("says so when there is nothing to change", () => {
    const text = githubPlan({ plan: plan({}) }, []);
    expect(text).toContain("### Keysteward: nothing to change\n");
    expect(text).not.toContain("apply");
  });

  test("says that it is held, and the command that goes on", () => {
    const refusal: Refusal = {
      rule: "changed",
      message: "too much",
      limit: 1,
      actual: 2,
      approve: "keysteward approve abc",
    };
    const [one, ...rest] = reviewView.plan.changes;
    const held = { ...reviewView.plan, changes: rest, held: [one!], refusals: [refusal] };
    const text = githubPlan({ plan: held }, []);
    expect(text).toContain("2 changes, 1 of them held");
    expect(text).toMatch(/<summary>⛔ held, \w+ <b>/);
    expect(text).toContain("- **held** `too much`. To go on: `keysteward approve abc`\n");
  });

  test("cannot be broken out of, whatever anything is called and whatever is said", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostileText, { minLength: 1, maxLength: 12 }), async (texts) => {
        const { view, problems: told } = hostileView(texts);
        for (const at of [undefined, now]) await expectOnlyOurs(githubPlan({ ...view, at }, told));
      }),
      { numRuns: propertyRuns },
    );
  });
});

describe("a comment holds no more than GitHub takes", () => {
  const policies = Array.from({ length: 400 }, (_, index) =>
    policy({
      name: `policy-${index}`,
      keyIds: [keyId(index + 1)],
      key: { name: `${"n".repeat(90)}${index}`, description: "d".repeat(200), scopes: ["logs.view"] },
    }),
  );
  const sightOf = seen(...policies.map((_, index) => liveKey(index + 1)));
  const many = plan({ policies, sightOf });
  const notices: Notice[] = Array.from({ length: 3 }, (_, index) => ({
    kind: "orphaned",
    keyId: keyId(1000 + index),
    policy: "p",
    message: "m",
  }));

  test("counts what is left out, and still names the command", () => {
    const text = githubPlan({ plan: { ...many, notices } }, []);
    expect(text.length).toBeLessThanOrEqual(longestComment);
    expect(text.length).toBeGreaterThan(longestComment - 3_000);
    const shown = text.split("<details>").length - 1;
    expect(text).toContain(`**Left out, since a comment holds no more:** ${400 - shown} changes, 3 notices.`);
    expect(text).toContain(`keysteward apply --expect ${many.digest}`);
  });

  test("leaves out nothing that fits", () => {
    expect(githubPlan({ plan: { ...many, changes: many.changes.slice(0, 40), notices } }, [])).not.toContain(
      "Left out",
    );
  });

  test("folds what one key alone could fill it with", () => {
    const metadata = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, index) => [`name${index}`, "v".repeat(300)]),
    );
    const huge = plan({
      policies: [policy({ key: { defaults: { metadata }, scopes: Object.keys(metadata) } })],
      sightOf: seen(liveKey(1)),
    });
    const text = githubPlan({ plan: huge }, []);
    expect(text.length).toBeLessThanOrEqual(longestComment);
    expect(text).toContain("  ... and 2961 fields more\n");
    expect(text).not.toContain("Left out");
  });
});
