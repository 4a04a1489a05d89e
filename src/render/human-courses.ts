import type { Course, Upcoming } from "../core/course.ts";
import { instantText } from "../core/overrides.ts";
import type { Override } from "../core/policy.ts";
import type { PolicyCourse } from "../core/policy-courses.ts";
import { placeText } from "../core/problem.ts";
import type { Paint } from "./color.ts";
import { humanField } from "./human-field.ts";
import { plural, printable } from "./human-problems.ts";

/** So many instants at which something begins or ends are shown unless all is asked for. */
const momentsShown = 10;

interface Look {
  readonly paint: Paint;
  readonly all: boolean;
}

/** What overrides will change by themselves, the nearest first; empty where there is nothing to come. */
export function humanCourses(courses: readonly PolicyCourse[], look: Look): string {
  const moments = courses
    .flatMap(({ course, ...whose }) => course.upcoming.map((upcoming) => ({ whose, upcoming })))
    .sort((a, b) => a.upcoming.at - b.upcoming.at);
  const shown = look.all ? moments : moments.slice(0, momentsShown);
  const hidden = moments.length - shown.length;
  const texts = shown.map(({ whose: { policy, keys, mode }, upcoming }) => {
    const told = mode === "report" ? ", only reported" : "";
    return humanUpcoming(upcoming, `${policy}, ${plural(keys, "key")}${told}`, look);
  });
  const rest = hidden === 0 ? "" : `... and ${hidden} more beginnings and ends (--all shows them)\n`;
  return texts.join("") + rest;
}

/** The same for one policy. */
export function humanCourse({ upcoming }: Course, policy: string, look: Look): string {
  return upcoming.map((one) => humanUpcoming(one, policy, look)).join("");
}

function humanUpcoming({ at, begins, ends, fields }: Upcoming, whose: string, look: Look): string {
  const { paint } = look;
  const say = (word: string) => (override: Override) =>
    `${paint("yellow", `override ${word}`)} ${instantText(at)} ${printable(`(${whose}): ${override.reason}`)} ` +
    `${paint("dim", printable(placeText(override.place)))}\n`;
  const heads = [...ends.map(say("ends")), ...begins.map(say("begins"))];
  const lines = fields.map(({ path, from, to, rank, place }) =>
    humanField({ mark: "~", path, from, to, rank, note: `${rank}, ${placeText(place)}` }, look),
  );
  const body = lines.length === 0 ? "  nothing changes by it\n" : lines.join("");
  return heads.join("") + body;
}
