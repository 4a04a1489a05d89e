import type { Stats } from "node:fs";

/** What tells one version of a file from another without reading it. */
export type Stamp = Pick<Stats, "dev" | "ino" | "size" | "mtimeMs" | "ctimeMs">;

/** Only the numbers that are used: ten thousand full records kept alive cost more than reading them. */
export function stampOf(stats: Stats): Stamp {
  const { ctimeMs, dev, ino, mtimeMs, size } = stats;
  return { dev, ino, size, mtimeMs, ctimeMs };
}

export function isSameStamp(a: Stamp, b: Stamp): boolean {
  const sameTimes = a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
  return sameTimes && a.size === b.size && a.ino === b.ino && a.dev === b.dev;
}

export function identityOf(stats: Stats): string {
  // Inode numbers are used again at once by some file systems: the time of birth tells the two apart where there is one.
  return `${stats.dev}:${stats.ino}:${stats.birthtimeMs}`;
}
