/**
 * node-cron decides what an expression means; this adds what it lets pass without a sign that the author meant
 * something else:
 *
 *   5-1 * * * *     a range that runs backwards
 *   *\/90 * * * *    a step longer than the field, which fires at 0 only
 */
import cron from "node-cron";

const fieldsOf = [
  { name: "second", size: 60 },
  { name: "minute", size: 60 },
  { name: "hour", size: 24 },
  { name: "day of the month", size: 31 },
  { name: "month", size: 12 },
  { name: "day of the week", size: 7 },
] as const;

const months = ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** What is wrong with a cron expression, as a clause, or undefined. */
export function cronFault(expression: string): string | undefined {
  if (!isAccepted(expression)) {
    return "this is not a cron expression, or it never fires";
  }
  const fields = expression.trim().split(/\s+/);
  if (fields.length < 5) {
    return undefined;
  }
  const offset = fieldsOf.length - fields.length;
  for (const [index, field] of fields.entries()) {
    const fault = fieldFault(field, fieldsOf[index + offset]);
    if (fault !== undefined) {
      return fault;
    }
  }
  return undefined;
}

function isAccepted(expression: string): boolean {
  try {
    return cron.validate(expression);
  } catch {
    return false;
  }
}

function fieldFault(field: string, kind: (typeof fieldsOf)[number] | undefined): string | undefined {
  for (const part of field.split(",")) {
    const [range = "", step] = part.split("/");
    const [from, to] = range.split("-").map(numberOf);
    if (kind !== undefined && step !== undefined && Number(step) >= kind.size) {
      return `a step of ${step} is longer than the ${kind.name} goes`;
    }
    if (kind !== undefined && from !== undefined && to !== undefined && from > to) {
      return `the range ${range} of the ${kind.name} runs backwards; write both of its parts, with a comma between`;
    }
  }
  return undefined;
}

function numberOf(word: string): number {
  const name = word.toLowerCase().slice(0, 3);
  const index = Math.max(months.indexOf(name), weekdays.indexOf(name));
  return index >= 0 ? index : Number(word);
}
