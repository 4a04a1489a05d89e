import type { Canonical, FieldPath } from "../core/key.ts";
import type { Rank } from "../core/rank.ts";
import type { Paint, Style } from "./color.ts";
import { printable } from "./human-problems.ts";
import { clip } from "./plan-view.ts";
import { valueDelta, type ItemDelta } from "./value-delta.ts";

/** What tightens is green, what loosens is to be looked at. */
export const rankStyles: Readonly<Record<Rank, Style>> = {
  tightens: "green",
  neutral: "cyan",
  loosens: "yellow",
};

export interface FieldLine {
  readonly mark: string;
  readonly path: FieldPath;
  readonly from: Canonical | undefined;
  readonly to: Canonical;
  readonly rank: Rank;
  readonly note: string;
}

interface FieldLook {
  readonly paint: Paint;
  /** Whether nothing is to be cut. */
  readonly all: boolean;
}

/** As many items as stand on the line itself, and as many as are shown below it before the rest is counted. */
const itemsInLine = 4;
const itemsShown = 12;
/** Characters of a value, unless all is to be shown. */
const longest = 400;

/** A field and how it changes: lists by their items, the rest as before and after. */
export function humanField(
  { mark, path, from, to, rank, note }: FieldLine,
  { paint, all }: FieldLook,
): string {
  const delta = valueDelta(path, from, to);
  const style = rankStyles[rank];
  const head = `  ${paint(style, mark)} ${printable(path)}:`;
  const tail = paint("dim", `(${printable(note)})`);
  if (delta.kind === "value") {
    const [before, after] = [delta.from, delta.to].map((text) => printable(all ? text : clip(text, longest)));
    return `${head} ${before ?? ""} -> ${paint(style, after ?? "")} ${tail}\n`;
  }
  const texts = delta.items.map(itemLine);
  const items = texts.map((text) => paint(style, printable(text)));
  const between = texts.some((text) => text.includes(" ")) ? ", " : " ";
  if (items.length <= itemsInLine) return `${head} ${items.join(between)} ${tail}\n`;
  const shown = all ? items : items.slice(0, itemsShown);
  const hidden = items.length - shown.length;
  const rest = hidden === 0 ? "" : `      ... and ${hidden} more (--all shows them)\n`;
  return `${head} ${tail}\n${shown.map((item) => `      ${item}\n`).join("")}${rest}`;
}

function itemLine(item: ItemDelta): string {
  return item.sign === "~" ? `${item.text} ${item.from} -> ${item.to}` : `${item.sign}${item.text}`;
}
