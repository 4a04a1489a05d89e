const units = [
  { name: "day", ms: 86_400_000 },
  { name: "hour", ms: 3_600_000 },
  { name: "minute", ms: 60_000 },
  { name: "second", ms: 1_000 },
] as const;

/** A span of time in its largest unit: "12 minutes". */
export function spanText(ms: number): string {
  const unit = units.find((one) => ms >= one.ms) ?? units[3];
  const count = Math.max(0, Math.floor(ms / unit.ms));
  return `${count} ${unit.name}${count === 1 ? "" : "s"}`;
}
