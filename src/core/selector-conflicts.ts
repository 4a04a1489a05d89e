import type { Conflict } from "./compose.ts";
import type { KeyId } from "./policy.ts";
import { placeText, problemAt, type Problem } from "./problem.ts";
import { compareTexts } from "./texts.ts";

/** A conflict and the keys that it is about; at least one. */
interface FoundConflict {
  readonly conflict: Conflict;
  readonly ids: readonly KeyId[];
}

/** A problem at each of the two places of a conflict, with a key as an example, however many keys it is about. */
export function conflictProblems(found: readonly FoundConflict[]): Problem[] {
  const examples = new Map<string, { readonly conflict: Conflict; readonly key: KeyId }>();
  for (const { conflict, ids } of found) {
    const name = [conflict.one, conflict.other]
      .map(({ path, field }) => `${path} ${placeText(field.place)}`)
      .join(" ");
    const before = examples.get(name);
    const key = [...ids, ...(before === undefined ? [] : [before.key])].reduce(least);
    examples.set(name, { conflict, key });
  }
  return [...examples.values()].flatMap(({ conflict: { one, other }, key }) => [
    conflictProblem(one, other, key),
    conflictProblem(other, one, key),
  ]);
}

function least(a: KeyId, b: KeyId): KeyId {
  return compareTexts(a, b) < 0 ? a : b;
}

type Saying = Conflict["one"];

function conflictProblem(here: Saying, there: Saying, key: KeyId): Problem {
  const what = here.path === there.path ? here.path : `${here.path} and ${there.path}`;
  const message =
    `the policies "${here.selector.name}" and "${there.selector.name}" select the same keys, such as ${key}, with one ` +
    `priority (${here.selector.priority}), and ask for different values of ${what}: also at ` +
    `${placeText(there.field.place)}; raise the priority of one, and until then these keys keep their values`;
  return problemAt("KS1310", here.field.place, { path: `spec.key.${here.path}`, message });
}
