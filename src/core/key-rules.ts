import type { FieldPath } from "./key.ts";
import type { Json } from "./policy.ts";
import { placeText, problemAt, type Problem, type ProblemCode } from "./problem.ts";
import { isObject, limitName } from "./canonical.ts";
import type { DesiredField, DesiredFields } from "./effective.ts";

const dayMs = 86_400_000;

/** The rules between fields that Portkey's API has, judged on an effective key before anything is sent. */
export function checkKey(fields: DesiredFields): Problem[] {
  return [
    ...unreadable(fields),
    ...exclusivePair(fields, {
      code: "KS1401",
      paths: ["usage_limits.periodic_reset", "usage_limits.periodic_reset_days"],
    }),
    ...exclusivePair(fields, {
      code: "KS1402",
      paths: ["rotation_policy.rotation_period", "rotation_policy.rotation_period_days"],
    }),
    ...exclusivePair(fields, {
      code: "KS1402",
      paths: ["rotation_policy.rotation_period", "rotation_policy.next_rotation_at"],
    }),
    ...exclusivePair(fields, {
      code: "KS1402",
      paths: ["rotation_policy.rotation_period_days", "rotation_policy.next_rotation_at"],
    }),
    ...alertAboveLimit(fields),
    ...limitMissing(fields),
    ...rotationEmpty(fields),
    ...transitionTooLong(fields),
    ...rateLimitTwice(fields),
  ];
}

/** A written value that has no canonical form must never be taken for "must be empty". */
function unreadable(fields: DesiredFields): Problem[] {
  return [...fields].flatMap(([path, field]) => {
    const empty = field.written === null || field.written === "" || isEmptyList(field.written);
    if (field.value !== null || empty) return [];
    return [
      at(field, {
        path: path,
        code: "KS1408",
        message: `the value of ${path} cannot be read: ${JSON.stringify(field.written)}`,
      }),
    ];
  });
}

interface Pair {
  readonly code: ProblemCode;
  readonly paths: readonly [FieldPath, FieldPath];
}

function exclusivePair(fields: DesiredFields, pair: Pair): Problem[] {
  const [first, second] = pair.paths.map((path) => ({ path, field: filled(fields, path) }));
  if (first?.field === undefined || second?.field === undefined) return [];
  const message =
    `${second.path} and ${first.path} exclude each other: the one is set here, the other at ${where(first.field)}; ` +
    `keep one, and set the other to null where a profile gives it`;
  return [at(second.field, { path: second.path, code: pair.code, message: message })];
}

function alertAboveLimit(fields: DesiredFields): Problem[] {
  const threshold = filled(fields, "usage_limits.alert_threshold");
  const limit = filled(fields, "usage_limits.credit_limit");
  if (threshold === undefined || limit === undefined || number(threshold) <= number(limit)) return [];
  const message =
    `alert_threshold is ${number(threshold)}, above the credit_limit of ${number(limit)} (${where(limit)}): ` +
    `it would never be reached; expected at most ${number(limit)}`;
  return [at(threshold, { path: "usage_limits.alert_threshold", code: "KS1403", message: message })];
}

function limitMissing(fields: DesiredFields): Problem[] {
  const parts = [...fields].filter(
    ([path, field]) => path.startsWith("usage_limits.") && field.value !== null,
  );
  const first = parts[0];
  if (first === undefined || filled(fields, "usage_limits.credit_limit") !== undefined) return [];
  const message =
    "usage_limits has no credit_limit: Portkey takes such an object for no limit at all; " +
    "give a credit_limit, or say `usage_limits: null` for no budget";
  return [at(first[1], { path: "usage_limits", code: "KS1404", message: message })];
}

const rotationTimes: readonly FieldPath[] = [
  "rotation_policy.rotation_period",
  "rotation_policy.rotation_period_days",
  "rotation_policy.next_rotation_at",
];

function rotationEmpty(fields: DesiredFields): Problem[] {
  const parts = [...fields].filter(([path]) => path.startsWith("rotation_policy."));
  const first = parts[0];
  if (first === undefined || rotationTimes.some((path) => filled(fields, path) !== undefined)) return [];
  const message =
    "rotation_policy has neither a period nor a date: give rotation_period, rotation_period_days or " +
    "next_rotation_at, or say `rotation_policy: null` for no rotation";
  return [at(first[1], { path: "rotation_policy", code: "KS1405", message: message })];
}

function transitionTooLong(fields: DesiredFields): Problem[] {
  const transition = filled(fields, "rotation_policy.key_transition_period_ms");
  const days = rotationDays(fields);
  if (transition === undefined || days === undefined || number(transition) < days * dayMs) return [];
  const message =
    `key_transition_period_ms is ${number(transition)}, not shorter than the rotation period of ${days} days ` +
    `(${days * dayMs} ms): the old secret would never end`;
  return [
    at(transition, { path: "rotation_policy.key_transition_period_ms", code: "KS1406", message: message }),
  ];
}

/** The shortest that the rotation period can be: a month is at least 28 days. */
function rotationDays(fields: DesiredFields): number | undefined {
  const period = filled(fields, "rotation_policy.rotation_period")?.value;
  if (period === "weekly") return 7;
  if (period === "monthly") return 28;
  const days = filled(fields, "rotation_policy.rotation_period_days")?.value;
  return typeof days === "number" ? days : undefined;
}

function rateLimitTwice(fields: DesiredFields): Problem[] {
  const field = filled(fields, "rate_limits");
  if (field === undefined || !Array.isArray(field.value)) return [];
  const names = field.value.filter(isObject).map(limitName);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return [];
  return [
    at(field, {
      path: "rate_limits",
      code: "KS1407",
      message: `rate_limits has two limits of one type and unit (${twice}): keep one`,
    }),
  ];
}

function filled(fields: DesiredFields, path: FieldPath): DesiredField | undefined {
  const field = fields.get(path);
  return field === undefined || field.value === null ? undefined : field;
}

function at(field: DesiredField, found: { path: FieldPath; code: ProblemCode; message: string }): Problem {
  return problemAt(found.code, field.place, { path: `spec.key.${found.path}`, message: found.message });
}

function number(field: DesiredField): number {
  return typeof field.value === "number" ? field.value : NaN;
}

function where(field: DesiredField): string {
  return placeText(field.place);
}

function isEmptyList(value: Json): boolean {
  return Array.isArray(value) && value.length === 0;
}
