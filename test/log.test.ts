import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AppError } from "../src/errors.ts";
import { createLog } from "../src/log.ts";
import { scrub } from "../src/log/scrub.ts";
import { createDescriptorWriter } from "../src/log/standard-error.ts";

const secret = 'pk/adm+in"key\\é=s3cr3t';

function collect({ pretty = false, level = "info", secrets = [secret] } = {}) {
  const lines: string[] = [];
  const log = createLog({ level, secrets, pretty, destination: { write: (text) => lines.push(text) } });
  return { log, lines, text: () => lines.join("") };
}

describe("a line for a collector", () => {
  test("is one JSON object with an ISO time, the level's name, the process, the message and the fields", () => {
    const { log, lines } = collect();
    log.child({ pass: "p1" }).info({ keyId: "k1", changes: 2 }, "Change applied");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    const { time, ...rest } = JSON.parse(lines[0]!);
    expect(new Date(time as string).toISOString()).toBe(time);
    expect(rest).toEqual({
      level: "info",
      pid: process.pid,
      pass: "p1",
      keyId: "k1",
      changes: 2,
      msg: "Change applied",
    });
  });

  test("is not written below the level", () => {
    const { log, lines } = collect({ level: "warn" });
    log.info("no");
    log.warn("yes");
    expect(lines).toHaveLength(1);
  });
});

describe("an error", () => {
  test("that was foreseen has its message, code, hint and the cause's message, and nothing else", () => {
    const { log, lines } = collect();
    const cause = Object.assign(new Error("EACCES"), { headers: { authorization: "x" } });
    const error = new AppError("STATE_UNUSABLE", "The state cannot be opened", {
      hint: "Look at its mode.",
      cause,
    });
    log.error({ err: error, other: error }, "Pass failed");
    const expected = {
      code: "STATE_UNUSABLE",
      message: "The state cannot be opened",
      hint: "Look at its mode.",
      cause: "EACCES",
    };
    expect(JSON.parse(lines[0]!)).toMatchObject({ err: expected, other: expected });
    expect(Object.keys(JSON.parse(lines[0]!).err as object).sort()).toEqual(Object.keys(expected).sort());
  });

  test("that is a defect has its stack, and not what a library hung on it", () => {
    const { log, lines } = collect();
    log.error(Object.assign(new TypeError("no such thing"), { code: "E_X", request: { headers: ["a"] } }));
    const { err, msg } = JSON.parse(lines[0]!);
    expect(msg).toBe("no such thing");
    expect(err).toEqual({
      type: "TypeError",
      message: "no such thing",
      code: "E_X",
      stack: expect.stringContaining("log.test.ts"),
    });
  });
});

describe("a line for a person", () => {
  test("is time, level, message and fields", () => {
    const { log, text } = collect({ pretty: true });
    log.warn({ keyId: "k1", note: "two words", list: [1, 2] }, "Held");
    expect(text()).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}Held keyId=k1 note="two words" list="\[1,2\]"\n$/);
  });

  test("shows an error's fields, and the stack of a defect below", () => {
    const { log, text } = collect({ pretty: true });
    log.error({ err: new AppError("USAGE", "No such key", { hint: "Ask." }) }, "Stopped");
    log.error({ err: new TypeError("oops") }, "Stopped");
    expect(text()).toMatch(/ERROR Stopped message="No such key" code=USAGE hint=Ask\.\n/);
    expect(text()).toMatch(/ERROR Stopped message=oops type=TypeError\nTypeError: oops\n +at /);
  });

  test("cannot steer the terminal", () => {
    const { log, text } = collect({ pretty: true });
    log.info({ a: "\u001b[2Jx", b: "\u009b2J" }, "m\u001b]0;title\u0007\u202e\u200b\u2028");
    expect(text().replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
    expect(text()).toContain("x");
  });
});

describe("a secret", () => {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const forms: readonly [string, string][] = [
    ["as it is", secret],
    ["in JSON", JSON.stringify({ body: secret })],
    ["in JSON in JSON", JSON.stringify(JSON.stringify({ body: secret }))],
    ["in a URL", `https://example.com/?k=${encodeURIComponent(secret)}&x=1`],
    [
      "in a URL with lower-case escapes",
      encodeURIComponent(secret).replace(/%../g, (text) => text.toLowerCase()),
    ],
    ["in a form", new URLSearchParams({ k: secret }).toString()],
    ["in base64", base64(secret)],
    ["in base64 after one letter", base64(`:${secret}:tail`)],
    ["in base64 after two letters", base64(`u:${secret}`)],
    ["in base64 for URLs", Buffer.from(`user:${secret}`).toString("base64url")],
    ["in hexadecimal", Buffer.from(secret).toString("hex")],
  ];

  /** The secret's traces: pieces of it in any encoding. */
  const traces = ["s3cr3t", "adm", Buffer.from("s3cr3t").toString("hex"), ...[0, 1, 2].map(core)];

  function core(before: number): string {
    return base64(`${"x".repeat(before)}s3cr3t`).slice(before === 0 ? 0 : before + 1, 8);
  }

  test.each(forms)("%s is replaced wherever it stands", (_, form) => {
    for (const pretty of [false, true]) {
      const { log, text } = collect({ pretty });
      log.info({ field: form, deep: { list: [form] }, [form]: 1 }, "Sent");
      log.error({ err: new Error(`failed with ${form}`, { cause: new Error(form) }) }, `message ${form}`);
      expect(text().match(/\[secret\]/g)!.length).toBeGreaterThanOrEqual(6);
      for (const trace of traces) {
        expect(text()).not.toContain(trace);
      }
    }
  });

  test("that is scrubbed leaves a line that is still JSON", () => {
    const { log, lines } = collect();
    log.info({ field: secret }, "Sent");
    expect(JSON.parse(lines[0]!)).toMatchObject({ field: "[secret]", msg: "Sent" });
  });

  test("of any letters is found between any others, escaped or not", () => {
    const word = fc.string({ minLength: 8, maxLength: 40, unit: "grapheme" });
    fc.assert(
      fc.property(word, fc.string(), fc.string(), (value, before, after) => {
        fc.pre(!"[secret]".includes(value) && !before.includes(value) && !after.includes(value));
        for (const encode of [String, JSON.stringify, encodeURIComponent]) {
          const inner = encode(value).replace(/^"|"$/g, encode === JSON.stringify ? "" : "$&");
          expect(scrub(`${before}\n${inner}\n${after}`, [value])).toContain("\n[secret]\n");
        }
      }),
    );
  });

  test("is found as XML, HTML and the runner's annotations escape it", () => {
    const key = `ab&cd"ef<gh>ij%kl,m:n'12345678opq`;
    const forms = [
      "ab&amp;cd&quot;ef&lt;gh&gt;ij%kl,m:n&#39;12345678opq",
      "ab&amp;cd&quot;ef&lt;gh&gt;ij%kl,m:n&apos;12345678opq",
      `ab&amp;cd"ef&lt;gh&gt;ij%kl,m:n'12345678opq`,
      `ab&cd"ef<gh>ij%25kl,m:n'12345678opq`,
      `ab&cd"ef<gh>ij%25kl%2Cm%3An'12345678opq`,
    ];
    const inJson = JSON.stringify(key).slice(1, -1).replaceAll("&", "&amp;").replaceAll('"', "&quot;");
    forms.push(inJson.replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("'", "&#39;"));
    forms.push(encodeURIComponent(key).replaceAll("%", "%25"));
    for (const form of forms) expect(scrub(`name ${form}.`, [key])).toBe("name [secret].");
  });

  test("that contains another is replaced whole", () => {
    expect(scrub("a long-secret-value b", ["secret", "long-secret-value"])).toBe("a [secret] b");
  });

  test("that was cut is replaced as far as it stands before the mark of the cut, in any form", () => {
    for (const [, form] of forms) {
      const [at, end] = [scrub(form, [secret]).indexOf("[secret]"), scrub(form, [secret]).length];
      const whole = form.slice(at, form.length - (end - at - "[secret]".length));
      for (const mark of ["...", "…"]) {
        for (let length = 6; length < whole.length; length += 1) {
          const [start, rest] = [whole.slice(0, length), whole.slice(-length)];
          expect(scrub(`"${start}${mark}" a`, [secret])).toBe(`"[secret]${mark}" a`);
          expect(scrub(`a ${mark}${rest} b`, [secret])).toBe(`a ${mark}[secret] b`);
          expect(scrub(`${start}${mark}${rest}${mark}${start}${mark}`, [secret])).not.toContain(start);
        }
      }
    }
  });

  test("leaves words alone that are pieces of it, but beside a cut", () => {
    const parts = ["keysteward-admin", "admin-of-keysteward"];
    const known = "keysteward-admin-0123456789-of-keysteward";
    for (const part of parts) expect(scrub(`${part} ... ${part}.`, [known])).toBe(`${part} ... ${part}.`);
    expect(scrub("keyst...", [known])).toBe("keyst...");
  });

  test("that is empty changes nothing", () => {
    expect(scrub("abc", [""])).toBe("abc");
    expect(scrub("abc", [])).toBe("abc");
  });
});

describe("standard error", () => {
  let directory: string;
  let reader: number;
  let writer: number;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "keysteward-log-"));
    const pipe = join(directory, "pipe");
    execFileSync("mkfifo", [pipe]);
    reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    writer = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  });

  afterEach(() => {
    closeSync(writer);
    rmSync(directory, { recursive: true, force: true });
  });

  /** Everything in the pipe. */
  function drain(): string {
    const buffer = Buffer.alloc(65_536);
    let text = "";
    for (;;) {
      try {
        const count = readSync(reader, buffer);
        if (count === 0) {
          return text;
        }
        text += buffer.toString("latin1", 0, count);
      } catch {
        return text;
      }
    }
  }

  test("a reader that is gone costs the lines and nothing else", () => {
    const output = createDescriptorWriter(writer);
    const log = createLog({ level: "info", secrets: [], pretty: false, destination: output });
    log.info("first");
    expect(drain()).toContain("first");
    closeSync(reader);
    for (let count = 0; count < 100; count++) {
      log.info("nobody reads this");
    }
  });

  test("a reader that does not read loses lines, and later ones are whole again", () => {
    const output = createDescriptorWriter(writer);
    const line = `${"x".repeat(50_000)}\n`;
    for (let count = 0; count < 5; count++) {
      output.write(line);
    }
    const before = drain();
    expect(before.length).toBeGreaterThan(50_000);
    expect(before.length).toBeLessThan(250_000);
    output.write("whole\n");
    expect(drain()).toBe("\nwhole\n");
    output.write("next\n");
    expect(drain()).toBe("next\n");
    closeSync(reader);
  });
});
