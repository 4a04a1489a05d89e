/*
 * Reminds people that an override ends, a week and a day before: a line of the log for each, once. What was told is kept in
 * the state, so that a restart does not tell it again; it is told first and kept then, since being told twice is better
 * than not at all.
 */
import type { Logger } from "pino";
import { instantText } from "../core/overrides.ts";
import type { Override } from "../core/policy.ts";
import type { PolicyCourse } from "../core/policy-courses.ts";
import { placeText } from "../core/problem.ts";
import { endsWithin, type Within } from "../core/reminders.ts";
import type { StateReader, StateWriter } from "../ports.ts";

export interface ReminderParts {
  readonly state: Pick<StateReader, "fact"> & Pick<StateWriter, "saveFact">;
  readonly log: Logger;
}

/** What was told last of an end: by policy and instant. */
type Told = Readonly<Record<string, string>>;

export interface Reminders {
  /** Tells what is due and was not told yet. Does not throw: what cannot be kept is told again after a restart. */
  tell(courses: readonly PolicyCourse[], moment: { readonly pass: string; readonly now: number }): void;
}

export function createReminders({ state, log }: ReminderParts): Reminders {
  let told: Told | undefined;

  function known(): Told {
    try {
      return (state.fact("reminded")?.["told"] ?? {}) as Told;
    } catch {
      return {};
    }
  }

  function keep(told: Told): void {
    try {
      state.saveFact("reminded", { told });
    } catch (error) {
      log.warn({ err: error }, "what was told of ending overrides is told again after a restart");
    }
  }

  return {
    tell(courses, { pass, now }) {
      told ??= known();
      const due = courses.flatMap(({ course, ...policy }) =>
        course.inForce.flatMap((override) => {
          const within = endsWithin(override, now);
          const name = nameOf(policy.policy, override);
          return within === null || isTold(told?.[name], within)
            ? []
            : [{ ...policy, override, within, name, fields: fieldsAfter(course, override) }];
        }),
      );
      if (due.length === 0) return;
      for (const { policy, keys, override, within, fields } of due) {
        const { reason, place, until } = override;
        log.warn(
          {
            pass,
            policy,
            keys,
            within,
            until: instantText(until),
            reason,
            place: placeText(place),
            then: fields,
          },
          "override ends soon",
        );
      }
      const ahead = Object.entries(told).filter(([name]) => Date.parse(name.split(" ")[0] ?? "") > now);
      told = Object.fromEntries([...ahead, ...due.map(({ name, within }) => [name, within] as const)]);
      keep(told);
    },
  };
}

/** Instants hold no blanks. */
function nameOf(policy: string, { until }: Override): string {
  return `${instantText(until)} ${policy}`;
}

function isTold(before: string | undefined, within: Within): boolean {
  return before === within || before === ("1 day" satisfies Within);
}

function fieldsAfter({ upcoming }: PolicyCourse["course"], { until }: Override): object[] {
  const fields = upcoming.find(({ at }) => at === until)?.fields ?? [];
  return fields.map(({ path, from, to }) => ({ path, from, to }));
}
