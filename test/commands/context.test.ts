import { expect, test } from "vitest";
import { errorText } from "../../src/commands/context.ts";
import { RemoteError } from "../../src/core/remote-error.ts";
import { AppError } from "../../src/errors.ts";
import { controls, hostile } from "../render/samples.ts";

test("a failure that was foreseen says what is wrong, and what to do about it", () => {
  const error = new AppError("CREDENTIAL_MISSING", "there is no admin key", { hint: "Set PORTKEY_API_KEY." });
  expect(errorText(error)).toBe("keysteward: there is no admin key\n  Set PORTKEY_API_KEY.\n");
  expect(errorText(new AppError("USAGE", "no such flag"))).toBe("keysteward: no such flag\n");
});

test("a message of several lines keeps them", () => {
  expect(errorText(new AppError("CONFIG_INVALID", "two faults:\n  one\n  two"))).toBe(
    "keysteward: two faults:\n  one\n  two\n",
  );
});

test("whatever was thrown has a text", () => {
  const failure = { consequence: "unavailable", status: 503, errorCode: null, attempts: 5 } as const;
  expect(errorText(new RemoteError("the server failed", failure))).toBe("keysteward: the server failed\n");
  expect(errorText("a word")).toBe("keysteward: a word\n");
  expect(errorText(undefined)).toBe("keysteward: undefined\n");
});

test("what a server says cannot move the cursor", () => {
  const text = errorText(new AppError("REMOTE_UNAVAILABLE", hostile, { hint: hostile }));
  expect(controls.test(text)).toBe(false);
});
