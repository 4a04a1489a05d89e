/**
 * Whether something that was noted at an instant is less than `ms` ago; all in milliseconds, instants since the epoch. One
 * from the future was noted by a clock that was ahead: it would count for longer than it may, and so does not count.
 */
export function isWithin(at: number, now: number, ms: number): boolean {
  return at <= now && now - at < ms;
}
