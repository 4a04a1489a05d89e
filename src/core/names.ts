import type { Guardrail } from "./guardrail.ts";
import type { PolicyTest } from "./policy-test.ts";
import type { KeyPolicy, Profile } from "./policy.ts";
import { placeText, problemAt, type Problem } from "./problem.ts";

type Named = KeyPolicy | Profile | Guardrail | PolicyTest;

export interface Repeated {
  readonly names: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

/** Names that more than one document of a kind has, with a problem at each of them. */
export function repeatedNames(documents: readonly Named[]): Repeated {
  const groups = byName(documents);
  const repeated = [...groups].filter(([, group]) => group.length > 1);
  const problems = repeated.flatMap(([name, group]) =>
    group.map((document) => {
      const others = group.filter((other) => other !== document).map((other) => placeText(other.place));
      const message = `the name "${name}" is taken: also at ${others.join(", ")}; give each ${document.kind} its own`;
      return problemAt("KS1301", document.place, { path: "metadata.name", message });
    }),
  );
  return { names: new Set(repeated.map(([name]) => name)), problems };
}

function byName(documents: readonly Named[]): ReadonlyMap<string, Named[]> {
  const groups = new Map<string, Named[]>();
  for (const document of documents) {
    const group = groups.get(document.name);
    if (group === undefined) groups.set(document.name, [document]);
    else group.push(document);
  }
  return groups;
}
