import { noneAcknowledged, type Acknowledged, type Acknowledgements } from "../core/acknowledged.ts";
import { noCourse, type Course, type UpcomingField } from "../core/course.ts";
import type { DesiredField, DesiredFields } from "../core/effective.ts";
import type { SelectedBy } from "../core/compose.ts";
import type { FieldPath } from "../core/key.ts";
import type { Json, KeyId, Mode, Placed } from "../core/policy.ts";
import type { DesiredKey } from "../core/resolve.ts";
import { createSharing } from "./sharing.ts";

/**
 * A desired key as the state holds it, without its id and its policy's name. `written` stands at the end of a field only
 * where it is not the value; the third item is the field's place in `sources`.
 */
interface Content {
  readonly mode: Mode;
  /** File, line and column at which the policy names the key. */
  readonly place: readonly [string, number, number];
  /** Policies and profiles, each with the file that it stands in. */
  readonly sources: readonly (readonly [name: string, file: string])[];
  readonly fields: readonly StoredField[];
  /** What overrides will change of the fields, in its order; left out where they will not. */
  readonly upcoming?: readonly StoredStep[];
  /** Left out where the policy names the key. */
  readonly selectedBy?: readonly SelectedBy[];
  /** The token of the last reset that was asked for, with its place; left out where there was none. */
  readonly resetUsage?: Placed<string>;
  /** Left out where nothing is acknowledged. */
  readonly acknowledged?: readonly StoredAcknowledgement[];
}

/** When, and each field that is wanted otherwise from then on. */
type StoredStep = readonly [at: number, fields: readonly UpcomingField[]];

/** Path, end, reason, and the file, line and column at which it stands. */
type StoredAcknowledgement = readonly [FieldPath, number, string, string, number, number];

type StoredField = readonly [
  path: FieldPath,
  value: Json,
  source: number,
  line: number,
  column: number,
  written?: Json,
];

/** The same text for what is the same, places included. */
export function encodeLastGood(desired: DesiredKey): string {
  const { mode, place, fields, course, acknowledged, selectedBy, resetUsage } = desired;
  const sources = new Map<string, readonly [number, string, string]>();
  const stored = [...fields].map(([path, { value, written, source, place: at }]): StoredField => {
    const name = `${source} ${at.file}`;
    const [index] = sources.get(name) ?? [sources.size];
    sources.set(name, [index, source, at.file]);
    const field = [path, value, index, at.line, at.column] as const;
    return written === value ? field : [...field, written];
  });
  const content: Content = {
    mode,
    place: [place.file, place.line, place.column],
    sources: [...sources.values()].map(([, source, file]) => [source, file]),
    fields: stored,
    ...(course.upcoming.length === 0
      ? {}
      : { upcoming: course.upcoming.map(({ at, fields: changed }) => [at, changed] as const) }),
    ...(selectedBy === undefined ? {} : { selectedBy }),
    ...(resetUsage === undefined ? {} : { resetUsage }),
    ...(acknowledged.size === 0 ? {} : { acknowledged: [...acknowledged].map(storedAcknowledgement) }),
  };
  return JSON.stringify(content);
}

function storedAcknowledgement([path, said]: readonly [FieldPath, Acknowledged]): StoredAcknowledgement {
  const { until, reason, place } = said;
  return [path, until, reason, place.file, place.line, place.column];
}

function acknowledgementsFrom(stored: Content["acknowledged"] = []): Acknowledgements {
  if (stored.length === 0) return noneAcknowledged;
  return new Map(
    stored.map(([path, until, reason, file, line, column]) => [
      path,
      { until, reason, place: { file, line, column } },
    ]),
  );
}

function courseFrom(stored: Content["upcoming"] = []): Course {
  if (stored.length === 0) return noCourse;
  return {
    inForce: [],
    upcoming: stored.map(([at, fields]) => ({ at, begins: [], ends: [], fields })),
  };
}

export interface LastGoodRow {
  readonly keyId: KeyId;
  readonly policy: string;
  readonly content: string;
}

/**
 * Reads contents back. What many keys have from one profile is one object for all of them, as it is where they are
 * resolved: after a restart with a broken profile they may all be read.
 */
export function createLastGoodDecoder(): (row: LastGoodRow) => DesiredKey {
  const sharing = createSharing();
  const known = new Map<string, DesiredField>();

  function fieldOf(stored: StoredField, sources: Content["sources"]): DesiredField {
    const [, value, index, line, column] = stored;
    const [source, file] = sources[index] ?? ["", ""];
    const name = `${source} ${file} ${JSON.stringify(stored)}`;
    const before = known.get(name);
    if (before !== undefined) return before;
    if (known.size >= 2_000) known.clear();
    const field: DesiredField = {
      value: sharing.value(value),
      written: sharing.value(stored.length === 6 ? (stored[5] ?? null) : value),
      source: sharing.text(source),
      place: { file: sharing.text(file), line, column },
    };
    known.set(name, field);
    return field;
  }

  return ({ keyId, policy, content }) => {
    const { mode, place, sources, fields, upcoming, acknowledged, selectedBy, resetUsage } = JSON.parse(
      content,
    ) as Content;
    const [file, line, column] = place;
    const wanted: DesiredFields = new Map(
      fields.map((field): [FieldPath, DesiredField] => [sharing.text(field[0]), fieldOf(field, sources)]),
    );
    return {
      keyId,
      policy: sharing.text(policy),
      place: { file: sharing.text(file), line, column },
      mode,
      fields: wanted,
      course: courseFrom(upcoming),
      acknowledged: acknowledgementsFrom(acknowledged),
      ...(selectedBy === undefined ? {} : { selectedBy }),
      ...(resetUsage === undefined ? {} : { resetUsage }),
    };
  };
}
