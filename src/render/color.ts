import { styleText } from "node:util";

export type Style = "red" | "green" | "yellow" | "cyan" | "dim" | "bold";

/** Puts a style on a text, or leaves it as it is where colours are not wanted. */
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_style, text) => text;

/** Node would look at the process's own standard output and environment again; that was decided already. */
const colored: Paint = (style, text) => styleText(style, text, { validateStream: false });

export interface ColorContext {
  readonly isTty: boolean;
  /** `--no-color`. */
  readonly off: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Colours on a terminal, unless `NO_COLOR` is set or they were switched off. */
export function paintFor({ isTty, off, env }: ColorContext): Paint {
  const refused = env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "";
  return isTty && !off && !refused ? colored : plain;
}
