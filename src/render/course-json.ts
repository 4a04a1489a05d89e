import type { Course, Upcoming } from "../core/course.ts";
import { instantText } from "../core/overrides.ts";
import type { Override } from "../core/policy.ts";
import type { PolicyCourse } from "../core/policy-courses.ts";

/** `from` is null for an override without a beginning. */
export function policyCourseJson({ policy, place, mode, keys, course }: PolicyCourse): object {
  return { policy, file: place.file, line: place.line, mode, keys, ...courseJson(course) };
}

export function courseJson({ inForce, upcoming }: Course): object {
  return { inForce: inForce.map(overrideJson), upcoming: upcoming.map(upcomingJson) };
}

function overrideJson({ from, until, reason, place }: Override): object {
  return {
    from: from === null ? null : instantText(from),
    until: instantText(until),
    reason,
    file: place.file,
    line: place.line,
  };
}

/** `from` of a field is left out where nobody asks for anything before. */
function upcomingJson({ at, begins, ends, fields }: Upcoming): object {
  return {
    at: instantText(at),
    begins: begins.map(overrideJson),
    ends: ends.map(overrideJson),
    fields: fields.map(({ path, from, to, rank, source, place }) => ({
      path,
      from,
      to,
      rank,
      source,
      file: place.file,
      line: place.line,
    })),
  };
}
