/** A line of the log for a person: `time LEVEL message key=value …`, and the stack of a defect below it. */
export function forPeople(line: string): string {
  const entry = parse(line);
  if (entry === undefined) {
    return line;
  }
  const { time, level, msg, err, ...rest } = entry;
  const { stack, ...error } = isRecord(err) ? err : {};
  const data = Object.entries({ ...rest, ...error })
    .filter(([name]) => name !== "pid")
    .map(([name, value]) => `${name}=${short(value)}`);
  const head = [String(time).slice(11, 23), String(level).toUpperCase().padEnd(5), plain(msg), ...data].join(
    " ",
  );
  const below = typeof stack === "string" ? stack.split("\n").map((text) => `${plain(text)}\n`) : [];
  return `${head.trimEnd()}\n${below.join("")}`;
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return isRecord(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function short(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[\w./:@%+-]+$/.test(text) ? text : JSON.stringify(plain(text));
}

/** Text without the characters that steer a terminal, turn its direction or are not seen. */
function plain(text: unknown): string {
  return typeof text === "string" ? text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ") : "";
}
