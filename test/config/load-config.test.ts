import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Config, effectiveRequests, loadConfig } from "../../src/config.ts";
import type { ConfigFlags } from "../../src/config/layer.ts";
import { AppError } from "../../src/errors.ts";

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "keysteward-config-"));
});

afterEach(() => rmSync(cwd, { recursive: true, force: true }));

interface Given {
  readonly flags?: ConfigFlags;
  readonly env?: Record<string, string>;
  readonly file?: string;
}

function load({ flags = {}, env = {}, file }: Given): Config {
  if (file !== undefined) {
    writeFileSync(join(cwd, "keysteward.yaml"), file);
  }
  return loadConfig({ flags, env, cwd });
}

/** The lines of the message, one a fault. */
function faultsOf(given: Given): readonly string[] {
  try {
    load(given);
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe("CONFIG_INVALID");
    const [first = "", ...rest] = (error as AppError).message.split("\n");
    expect(first).toMatch(rest.length === 0 ? /has a fault: / : `has ${rest.length} faults:`);
    return rest.length === 0
      ? [first.replace("The configuration has a fault: ", "")]
      : rest.map((line) => line.trim());
  }
  throw new Error("this configuration was accepted");
}

describe("without anything", () => {
  test("the defaults hold", () => {
    expect(load({})).toEqual({
      policies: "policies",
      stateUrl: `sqlite:${cwd}/.keysteward/state.db`,
      portkey: { baseUrl: "https://api.portkey.ai/v1", timeoutMs: 30_000, pageSize: 100 },
      schedule: { cron: "*/15 * * * *", timezone: "UTC", jitterMs: 30_000 },
      watch: { debounceMs: 300, pollMs: 30_000 },
      rate: { requests: 5, perMs: 1000, concurrency: 4, headroom: 0.2 },
      audit: { keepMs: 400 * 86_400_000, most: 1_000_000 },
      guard: { changed: 0.3, loosened: 0.1, floor: 10, shrunk: 0.2 },
      control: { socket: `${cwd}/.keysteward/control.sock` },
      settleMs: 60_000,
      logLevel: "info",
      credential: { kind: "env", name: "PORTKEY_API_KEY" },
      warnings: [],
    });
  });

  test("the state is where systemd says, the first directory of several", () => {
    expect(load({ env: { STATE_DIRECTORY: "/var/lib/a:/var/lib/b" } }).stateUrl).toBe(
      "sqlite:/var/lib/a/state.db",
    );
  });

  test("the socket is where systemd says, the first directory of several, else beside the state", () => {
    const env = { RUNTIME_DIRECTORY: "/run/a:/run/b" };
    expect(load({ env }).control.socket).toBe("/run/a/control.sock");
    expect(load({ flags: { state: "sqlite:/srv/x/state.db" } }).control.socket).toBe("/srv/x/control.sock");
  });

  test("a state that lies too deep for a socket beside it means none, with a warning", () => {
    const folder = `/srv/${"x".repeat(90)}`;
    const config = load({ flags: { state: `sqlite:${folder}/state.db` } });
    expect(config.control.socket).toBeNull();
    expect(config.warnings).toEqual([expect.stringContaining("control.socket: ")]);
  });

  test("the configuration cannot be changed, at any depth", () => {
    const config = load({});
    expect(() => ((config.rate as { requests: number }).requests = 1000)).toThrow(TypeError);
    expect(() => (config.warnings as string[]).push("x")).toThrow(TypeError);
  });
});

describe("precedence", () => {
  const file =
    "policies: from-file\nsettle: 7s\nportkey: { baseUrl: https://file.example.com, timeout: 7s }\n";
  const env = {
    KEYSTEWARD_POLICIES: "from-env",
    KEYSTEWARD_PORTKEY_TIMEOUT: "5s",
    PORTKEY_BASE_URL: "https://env.example.com",
  };

  test("the file beats the default", () => {
    const config = load({ file });
    expect([config.policies, config.settleMs, config.portkey.baseUrl]).toEqual([
      "from-file",
      7000,
      "https://file.example.com",
    ]);
  });

  test("the environment beats the file", () => {
    const config = load({ file, env });
    expect([config.policies, config.settleMs, config.portkey.timeoutMs, config.portkey.baseUrl]).toEqual([
      "from-env",
      7000,
      5000,
      "https://env.example.com",
    ]);
  });

  test("a flag beats the environment", () => {
    const config = load({ file, env, flags: { policies: "from-flag", baseUrl: "https://flag.example.com" } });
    expect([config.policies, config.portkey.baseUrl]).toEqual(["from-flag", "https://flag.example.com"]);
  });

  test("of two variables for one option, ours counts", () => {
    const both = {
      PORTKEY_BASE_URL: "https://a.example.com",
      KEYSTEWARD_PORTKEY_BASE_URL: "https://b.example.com",
    };
    expect(load({ env: both }).portkey.baseUrl).toBe("https://b.example.com");
  });

  test("an empty variable counts as not set", () => {
    expect(load({ file, env: { KEYSTEWARD_POLICIES: "", KEYSTEWARD_CONFIG: "" } }).policies).toBe(
      "from-file",
    );
  });
});

describe("paths", () => {
  test("in the file they are relative to the file", () => {
    mkdirSync(join(cwd, "conf"));
    const text = "policies: ./rules\nstate: sqlite:db/state.db\nportkey: { apiKeyFile: key }\n";
    writeFileSync(join(cwd, "conf/k.yaml"), text);
    const config = load({ flags: { config: "conf/k.yaml" } });
    expect(config.policies).toBe("conf/rules");
    expect(config.stateUrl).toBe(`sqlite:${cwd}/conf/db/state.db`);
    expect(config.credential).toEqual({ kind: "file", path: `${cwd}/conf/key`, from: "conf/k.yaml:3:24" });
  });

  test("elsewhere they are relative to the working directory", () => {
    const env = { KEYSTEWARD_STATE: "sqlite:a/b.db", KEYSTEWARD_POLICIES: "./p/" };
    expect(load({ env }).stateUrl).toBe(`sqlite:${cwd}/a/b.db`);
    expect(load({ env }).policies).toBe("p/");
    expect(load({ flags: { state: "sqlite:///x/y.db", policies: "/abs" } })).toMatchObject({
      stateUrl: "sqlite:/x/y.db",
      policies: "/abs",
    });
  });
});

describe("faults", () => {
  test("every fault of every place is told at once, also of what is overridden", () => {
    const faults = faultsOf({
      flags: { logLevel: "loud" },
      env: { KEYSTEWARD_RATE_CONCURRENCY: "many", KEYSTEWARD_SETTLE: "60" },
      file: "settle: 30\nwatch:\n  debunce: 1s\n  poll: 1ms\nlogLevel: quiet\n",
    });
    expect(faults).toEqual([
      '--log-level: logLevel: found "loud", expected one of trace, debug, info, warn, error',
      'KEYSTEWARD_RATE_CONCURRENCY: rate.concurrency: found "many", expected a whole number',
      'KEYSTEWARD_SETTLE: settle: found "60", expected a duration such as "300ms", "30s", "15m" or "1h"',
      'keysteward.yaml:1:9: settle: 30 has no unit; write a duration such as "30s" (units: ms, s, m, h, d)',
      'keysteward.yaml:3:3: watch.debunce: no such option. Did you mean "watch.debounce"?',
      'keysteward.yaml:4:9: watch.poll: found "1ms", expected a duration from 10ms to 1h',
      'keysteward.yaml:5:11: logLevel: found "quiet", expected one of trace, debug, info, warn, error',
    ]);
  });

  test.each([
    ["KEYSTEWARD_WATCH_DEBUNCE", 'Did you mean "KEYSTEWARD_WATCH_DEBOUNCE"?'],
    ["KEYSTEWARD_CONFG", 'Did you mean "KEYSTEWARD_CONFIG"?'],
    ["KEYSTEWARD_NOTIFY_WEBHOOK", "no such option."],
  ])("a variable that gives nothing is a fault: %s", (name, message) => {
    const [fault, ...rest] = faultsOf({ env: { [name]: "1" } });
    expect(rest).toEqual([]);
    expect(fault).toContain(`${name}: no such option`);
    expect(fault).toContain(message);
  });

  test.each([
    [
      "a section that is a number",
      "rate: 5",
      "keysteward.yaml:1:7: rate: expected a section with the options requests",
    ],
    ["a section that is a list", "watch: [a]", "keysteward.yaml:1:8: watch: expected a section"],
    [
      "an option outside its section",
      "debounce: 1s",
      'keysteward.yaml:1:1: debounce: no such option. Did you mean "watch.debounce"?',
    ],
    ["an unknown section", "notify: {}", "keysteward.yaml:1:1: notify: no such option."],
    [
      "a socket whose path is too long",
      `control: { socket: /run/${"x".repeat(103)} }`,
      "control.socket: /run/xxx",
    ],
    ["a share that is none", "guard: { changed: 30 }", "guard.changed: found 30, expected a percentage"],
    ["a share above the whole", "guard: { shrunk: 101% }", "expected a percentage from 0% to 100%"],
    ["an option without a value", "settle:", "settle: found null, expected a duration"],
    [
      "a page that is too large",
      "portkey: { pageSize: 1001 }",
      "portkey.pageSize: found 1001, which must be <= 1000",
    ],
    ["a page that is too small", "portkey: { pageSize: 0 }", "portkey.pageSize: found 0, which must be >= 1"],
    ["half a request", "rate: { requests: 1.5 }", "rate.requests: found 1.5, expected a whole number"],
    [
      "an unquoted cron expression",
      "schedule:\n  cron: */15 * * * *",
      "keysteward.yaml:2:14: not valid YAML: Unexpected alias at node end; a value that begins with * must be quoted",
    ],
    ["an alias", "settle: *x", "keysteward.yaml:1:9: an alias is not allowed here"],
    ["an unknown tag", "settle: !x 1s", "keysteward.yaml:1:9: not valid YAML: Unresolved tag"],
    ["a duplicate option", "settle: 1s\nsettle: 2s", "keysteward.yaml:2:1: not valid YAML"],
    ["a version directive", "%YAML 1.1\n---\nsettle: 1s", "keysteward.yaml:1:1: a %YAML directive"],
    ["a list instead of options", "- settle", "keysteward.yaml:1:1: expected options"],
    ["a name that is no word", "? [a]\n: 1", "the name of an option must be a word"],
    ["two documents", "settle: 1s\n---\nsettle: 2s", "keysteward.yaml:2:1: not valid YAML"],
    ["a merge key", "<<: { settle: 1s }", "<<: no such option."],
    ["a prototype", "__proto__: { settle: 1s }", "__proto__: no such option."],
  ])("in the file: %s", (_, file, message) => {
    expect(faultsOf({ file }).join("\n")).toContain(message);
  });

  test.each(["", "# nothing\n", "{}", "watch:\nrate:\n  # requests: 9\n", "\uFEFFsettle: 60s"])(
    "a file that says nothing, or the default, is fine: %j",
    (file) => {
      expect(load({ file })).toEqual(load({ file: "{}" }));
    },
  );

  test("a file that was named and is missing is a fault, at what named it", () => {
    expect(faultsOf({ flags: { config: "no.yaml" } })).toEqual([
      "--config: no.yaml: there is no such file (ENOENT)",
    ]);
    expect(faultsOf({ env: { KEYSTEWARD_CONFIG: "no.yaml" } })).toEqual([
      "KEYSTEWARD_CONFIG: no.yaml: there is no such file (ENOENT)",
    ]);
  });

  test("a file that cannot be read is a fault, named or not", () => {
    mkdirSync(join(cwd, "keysteward.yaml"));
    expect(faultsOf({})).toEqual(["keysteward.yaml: cannot be read (EISDIR)"]);
    expect(faultsOf({ flags: { config: "." } })).toEqual(["--config: .: cannot be read (EISDIR)"]);
  });

  test("what may hold a secret is never quoted", () => {
    const secret = "sUp3r-s3cr3t";
    const faults = faultsOf({
      flags: { state: `postgres://u:${secret}@db.example.com/k`, baseUrl: `https://u:${secret}@example.com` },
      env: {
        KEYSTEWARD_PORTKEY_BASE_URL: `https://example.com/?key=${secret}`,
        KEYSTEWARD_PORTKEY_API_KEY: secret,
      },
      file: `portkey: { apiKey: ${secret}, apiKeyFile: [${secret}] }`,
    });
    expect(faults).toHaveLength(6);
    expect(faults.join("\n")).not.toContain(secret);
  });
});

describe("warnings", () => {
  test.each(["http://portkey.example.com/v1", "http://10.0.0.1", "http://localhost.example.com"])(
    "plain http to another machine: %s",
    (url) => {
      expect(load({ flags: { baseUrl: url } }).warnings).toEqual([expect.stringContaining("unencrypted")]);
    },
  );

  test.each([
    "http://localhost:8787/v1",
    "http://127.0.0.1:1",
    "http://[::1]:1",
    "https://portkey.example.com",
  ])("none for %s", (url) => {
    expect(load({ flags: { baseUrl: url } }).warnings).toEqual([]);
  });

  test("a key file that is not read, because the variable is set", () => {
    const config = load({ env: { PORTKEY_API_KEY: "abc", PORTKEY_API_KEY_FILE: "/k" } });
    expect(config.warnings).toEqual([
      "PORTKEY_API_KEY is set, so the file that PORTKEY_API_KEY_FILE names is not read",
    ]);
  });
});

test("the secret is never part of the configuration", () => {
  const config = load({ env: { PORTKEY_API_KEY: "sUp3r-s3cr3t" } });
  expect(JSON.stringify(config)).not.toContain("sUp3r-s3cr3t");
});

test.each([
  [5, 0.2, 4],
  [5, 0, 5],
  [1, 0.2, 1],
  [2, 0.99, 1],
  [100, 0.9, 10],
  [10, 0.7, 3],
  [1000, 0.125, 875],
])("of %d requests with a headroom of %d, %d are used", (requests, headroom, expected) => {
  expect(effectiveRequests({ requests, headroom })).toBe(expected);
});
