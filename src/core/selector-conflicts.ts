import type { Conflict } from "./compose.ts";
import type { KeyId } from "./policy.ts";
import { placeText, problemAt, type Problem } from "./problem.ts";
import { compareTexts } from "./texts.ts";

/** Conflicts by their two places, however many keys they are about. */
export class Conflicts {
  readonly #found = new Map<string, { readonly conflict: Conflict; key: KeyId }>();

  add(conflict: Conflict, ids: readonly KeyId[]): void {
    const name = [conflict.one, conflict.other]
      .map(({ path, field }) => `${path} ${placeText(field.place)}`)
      .join(" ");
    const key = ids.reduce((least, id) => (compareTexts(id, least) < 0 ? id : least));
    const before = this.#found.get(name);
    if (before === undefined) this.#found.set(name, { conflict, key });
    else if (compareTexts(key, before.key) < 0) before.key = key;
  }

  problems(): readonly Problem[] {
    return [...this.#found.values()].flatMap(({ conflict: { one, other }, key }) => [
      conflictProblem(one, other, key),
      conflictProblem(other, one, key),
    ]);
  }
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
