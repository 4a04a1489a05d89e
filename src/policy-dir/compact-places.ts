import type { Places } from "../core/policy.ts";
import type { Place } from "../core/problem.ts";

/*
 * The places of a key block, kept small. Policies are held as long as their files, and a map with an object for each of
 * fifteen properties would take more than all the rest of a policy. Most policies have the same properties in the same
 * order: those are kept once, as a layout, and a policy has two numbers for each of them.
 */

/** Position of each pointer in the numbers of a policy that has just these, in this order. */
type Layout = ReadonlyMap<string, number>;

const layouts = new Map<string, Layout>();

/** The layouts are forgotten when there are too many; what is forgotten is only kept twice. */
const mostLayouts = 500;

/** A class, since the closures of a function would take more than what they close over. */
class CompactPlaces implements Places {
  readonly #file: string;
  readonly #layout: Layout;
  /** Line and column by turns. */
  readonly #numbers: readonly number[];

  constructor(file: string, places: ReadonlyMap<string, Place>) {
    this.#file = file;
    this.#layout = layoutOf([...places.keys()]);
    // The copy is exactly as long as it must be.
    this.#numbers = [...places.values()].flatMap(({ line, column }) => [line, column]).slice();
  }

  get(pointer: string): Place | undefined {
    const position = this.#layout.get(pointer);
    return position === undefined ? undefined : this.#placeAt(position);
  }

  *[Symbol.iterator](): Iterator<readonly [string, Place]> {
    for (const [pointer, position] of this.#layout) yield [pointer, this.#placeAt(position)];
  }

  #placeAt(position: number): Place {
    const [line = 1, column = 1] = this.#numbers.slice(2 * position, 2 * position + 2);
    return { file: this.#file, line, column };
  }
}

/** The places of one file's block by JSON pointer, in the order in which they were given. */
export function compactPlaces(file: string, places: ReadonlyMap<string, Place>): Places {
  return new CompactPlaces(file, places);
}

function layoutOf(pointers: readonly string[]): Layout {
  const name = JSON.stringify(pointers);
  const known = layouts.get(name);
  if (known !== undefined) return known;
  if (layouts.size >= mostLayouts) layouts.clear();
  const layout = new Map(pointers.map((pointer, position) => [pointer, position]));
  layouts.set(name, layout);
  return layout;
}
