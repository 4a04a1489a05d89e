import addFormats from "ajv-formats";

const hyphenated = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|[+-](\d\d):(\d\d))$/;
const plausibleEmail = addFormats.default.get("email");

/** A UUID as Portkey writes it: hyphenated, either case, without `urn:uuid:`. */
export function isUuid(text: string): boolean {
  return hyphenated.test(text);
}

/** An RFC 3339 instant: `T` between date and time, a zone, and a date and time that exist. */
export function isInstant(text: string): boolean {
  const match = rfc3339.exec(text);
  if (match === null) {
    return false;
  }
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0] = match
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0));
  const inDay = hour < 24 && minute < 60 && second < 60 && zoneHour < 24 && zoneMinute < 60;
  return inDay && day >= 1 && month >= 1 && month <= 12 && day <= daysOf(year, month);
}

/** An email address with a dotted host. The length is bounded first: the pattern is slow on very long text. */
export function isEmail(text: string): boolean {
  return text.length <= 254 && plausibleEmail instanceof RegExp && plausibleEmail.test(text);
}

function daysOf(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}
