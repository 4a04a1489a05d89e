import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  chooseCredential,
  type CredentialSource,
  forgetCredential,
  readCredential,
} from "../../src/config/credential-source.ts";
import { AppError } from "../../src/errors.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "keysteward-credential-"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function keyFile(content: string, mode = 0o600): CredentialSource {
  const path = join(directory, "key");
  writeFileSync(path, content);
  chmodSync(path, mode);
  return { kind: "file", path, from: "PORTKEY_API_KEY_FILE" };
}

function refusalOf(source: CredentialSource, env: Record<string, string> = {}): AppError {
  try {
    readCredential(source, env);
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe("CREDENTIAL_MISSING");
    return error as AppError;
  }
  throw new Error("this credential was accepted");
}

describe("the order of the sources", () => {
  const file = { path: "/key", from: "here" };

  test("the variable comes before the file, the file before systemd", () => {
    const env = { PORTKEY_API_KEY: "abc", CREDENTIALS_DIRECTORY: "/run/c" };
    expect(chooseCredential(env, file)).toEqual({ kind: "env", name: "PORTKEY_API_KEY" });
    expect(chooseCredential({ ...env, PORTKEY_API_KEY: "" }, file)).toEqual({ kind: "file", ...file });
    expect(chooseCredential({ CREDENTIALS_DIRECTORY: "/run/c" }, undefined)).toEqual({
      kind: "systemd",
      path: "/run/c/portkey-api-key",
    });
  });

  test("without any, reading names the three ways to give it", () => {
    const { message, hint } = refusalOf(chooseCredential({}, undefined));
    expect(message).toContain("PORTKEY_API_KEY is not set");
    for (const way of ["PORTKEY_API_KEY;", "PORTKEY_API_KEY_FILE", "LoadCredential=portkey-api-key"]) {
      expect(hint).toContain(way);
    }
  });
});

describe("what is read", () => {
  test.each(["abc", "abc\n", "abc\r\n"])("%j is abc", (content) => {
    expect(readCredential({ kind: "env", name: "PORTKEY_API_KEY" }, { PORTKEY_API_KEY: content })).toBe(
      "abc",
    );
    expect(readCredential(keyFile(content), {})).toBe("abc");
    expect(readCredential({ ...keyFile(content), kind: "systemd" } as CredentialSource, {})).toBe("abc");
  });

  test("the longest key that is allowed", () => {
    const longest = "k".repeat(4096);
    expect(readCredential(keyFile(`${longest}\n`), {})).toBe(longest);
  });

  test.each([
    ["", "is empty"],
    ["\n", "is empty"],
    ["first-half\nsecond-half", "has more than one line"],
    ["first-half\n\n", "has more than one line"],
    ["first-half second-half", "has white space in it"],
    [" first-half", "has white space in it"],
    ["first-half\u0000", "has characters that no HTTP header can carry"],
    ["first-half\u001b[2J", "has characters that no HTTP header can carry"],
    ["first-halfé", "has characters that no HTTP header can carry"],
    ["first-half".repeat(500), "is longer than 4096 characters"],
  ])("%j is refused, and not quoted", (content, message) => {
    const refusal = refusalOf(keyFile(content));
    expect(refusal.message).toContain(message);
    expect(`${refusal.message} ${refusal.hint ?? ""} ${String(refusal.cause)}`).not.toContain("half");
  });
});

describe("a file", () => {
  test("that is missing is told without its name, which may be the key itself", () => {
    const path = join(directory, "pk-pasted-by-mistake");
    const { message } = refusalOf({ kind: "file", path, from: "KEYSTEWARD_PORTKEY_API_KEY_FILE" });
    expect(message).toContain("the file that KEYSTEWARD_PORTKEY_API_KEY_FILE names");
    expect(message).toContain(`${directory} (ENOENT)`);
    expect(message).not.toContain("pasted");
  });

  test("that is a directory is refused", () => {
    expect(refusalOf({ kind: "file", path: directory, from: "x" }).message).toContain("EISDIR");
  });

  test.each([0o644, 0o640, 0o604])("that others can read gives a warning: %i", (mode) => {
    const warnings: string[] = [];
    expect(readCredential(keyFile("abc", mode), {}, (message) => warnings.push(message))).toBe("abc");
    expect(warnings).toEqual([expect.stringContaining(`mode ${mode.toString(8)}`)]);
  });

  test.each([0o600, 0o400])("that only its owner can read gives none: %i", (mode) => {
    const warnings: string[] = [];
    readCredential(keyFile("abc", mode), {}, (message) => warnings.push(message));
    expect(warnings).toEqual([]);
  });

  test("that never ends is read no further than a key can be long", () => {
    expect(refusalOf({ kind: "file", path: "/dev/zero", from: "x" }).message).toContain("longer than");
  });

  test("may be a pipe", async () => {
    const path = join(directory, "pipe");
    execFileSync("mkfifo", ["-m", "600", path]);
    const feeder = spawn("sh", ["-c", 'printf "abc\\n" > "$0"', path], { stdio: "ignore" });
    const ended = new Promise((resolve) => feeder.once("exit", resolve));
    expect(readCredential({ kind: "file", path, from: "x" }, {})).toBe("abc");
    await ended;
  });
});

test("a key from the environment can be taken out of it, and nothing else is", () => {
  const env: Record<string, string | undefined> = { PORTKEY_API_KEY: "abc", PATH: "/bin" };
  forgetCredential({ kind: "file", path: "/k", from: "x" }, env);
  expect(env).toHaveProperty("PORTKEY_API_KEY");
  forgetCredential({ kind: "env", name: "PORTKEY_API_KEY" }, env);
  expect(env).toEqual({ PATH: "/bin" });
});
