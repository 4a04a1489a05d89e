import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Answer } from "../../src/portkey/answer.ts";
import type { Asked } from "../../src/portkey/classify.ts";
import { classifyAnswer, classifyFault, DeadlineError, TooLargeError } from "../../src/portkey/classify.ts";

const put: Asked = { method: "PUT", path: "/api-keys/x", target: "key", repeatable: true };
const once: Asked = { ...put, repeatable: false };
const get: Asked = { ...put, method: "GET" };
const list: Asked = { method: "GET", path: "/api-keys", target: "list", repeatable: true };

const html = "<!DOCTYPE html><html><body>Not here</body></html>";
const json = '{"success":false,"data":{"message":"No.","errorCode":"AB99"}}';

function answer(status: number, body = json, headers: Answer["headers"] = {}): Answer {
  return { status, headers, body };
}

function consequence(status: number, asked: Asked, body = json): string {
  return classifyAnswer(answer(status, body), asked, 0).failure.consequence;
}

describe("what was answered", () => {
  test.each([
    [401, "auth"],
    [402, "auth"],
    [429, "throttled"],
    [408, "unavailable"],
    [425, "unavailable"],
    [500, "unavailable"],
    [502, "unavailable"],
    [503, "unavailable"],
    [504, "unavailable"],
    [599, "unavailable"],
    [501, "rejected"],
    [400, "rejected"],
    [403, "rejected"],
    [405, "rejected"],
    [409, "rejected"],
    [412, "rejected"],
    [422, "rejected"],
    [404, "missing"],
    [301, "misdirected"],
    [302, "misdirected"],
    [307, "misdirected"],
    [308, "misdirected"],
    [407, "misdirected"],
  ])("%d with JSON for one key: %s", (status, expected) => {
    expect(consequence(status, put)).toBe(expected);
    expect(consequence(status, get)).toBe(expected);
  });

  test.each([
    [200, "misdirected"],
    [400, "misdirected"],
    [403, "misdirected"],
    [404, "misdirected"],
    [401, "auth"],
    [429, "throttled"],
    [502, "unavailable"],
  ])("%d with a web page: %s", (status, expected) => {
    expect(consequence(status, get, html)).toBe(expected);
    expect(consequence(status, get, "\n  <html>")).toBe(expected);
    const byType = answer(status, "Not here", { "content-type": "text/html; charset=utf-8" });
    expect(classifyAnswer(byType, get, 0).failure.consequence).toBe(expected);
  });

  test("a 404 for the list, or without JSON, never says that a key is missing", () => {
    expect(consequence(404, list)).toBe("misdirected");
    expect(consequence(404, put, "404 page not found")).toBe("misdirected");
    expect(consequence(404, put, "")).toBe("misdirected");
  });

  test("a 403 never counts as missing, whatever it says", () => {
    fc.assert(
      fc.property(fc.string(), (message) => {
        const body = JSON.stringify({ errorCode: "AB03", message });
        expect(consequence(403, get, body)).toBe("rejected");
      }),
    );
  });

  test("what must not be repeated is unknown wherever the server may have done it", () => {
    expect([408, 500, 502, 503, 504].map((status) => consequence(status, once))).toEqual(
      Array(5).fill("unknown"),
    );
    expect([425, 429, 400, 501].map((status) => consequence(status, once))).toEqual([
      "unavailable",
      "throttled",
      "rejected",
      "rejected",
    ]);
  });

  test("a success whose body is cut off leaves a write unknown, and a read unavailable", () => {
    expect(consequence(200, put, '{"id":"8')).toBe("unknown");
    expect(consequence(200, get, '{"id":"8')).toBe("unavailable");
    expect(consequence(200, get, "")).toBe("unavailable");
  });

  test.each([
    ['{"success":false,"data":{"message":"m","errorCode":"AB03"}}', "AB03", "m"],
    ['{"errorCode":"AB01","message":"m"}', "AB01", "m"],
    [
      '{"status_code":400,"success":false,"error":{"message":"m","slug":"s","code":"AB07","type":"t"}}',
      "AB07",
      "m",
    ],
    ['{"error":{"message":"m","type":"t","param":null,"code":null}}', null, "m"],
    ['{"error":"m"}', null, "m"],
    ["m", null, "m"],
  ])("code and message are read from %s", (body, code, text) => {
    const { failure, message } = classifyAnswer(answer(400, body), put, 0);
    expect(failure.errorCode).toBe(code);
    expect(message).toBe(
      `PUT /api-keys/x got 400${code === null ? "" : ` ${code}`}: the request was refused; it says: ${text}`,
    );
  });

  test("a web page says that the base URL lacks its prefix, and is not quoted", () => {
    expect(classifyAnswer(answer(404, html), get, 0).message).toBe(
      "GET /api-keys/x got 404: a web page and not the API; the base URL probably lacks its prefix (such as /v1), or a proxy stands in the way",
    );
  });

  test("an ended subscription has words of its own", () => {
    expect(classifyAnswer(answer(402), put, 0).message).toContain("the Portkey subscription has ended");
    expect(classifyAnswer(answer(401), put, 0).message).toContain("the admin key is not accepted");
  });

  test("any status with any body has a consequence and a message", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 999 }),
        fc.string(),
        fc.constantFrom(put, once, get, list),
        (status, body, asked) => {
          const { failure, message } = classifyAnswer(answer(status, body), asked, 0);
          expect(failure.status).toBe(status);
          expect(message).toContain(String(status));
          if (asked.method === "GET") expect(failure.consequence).not.toBe("unknown");
        },
      ),
    );
  });
});

describe("Retry-After", () => {
  const now = Date.parse("2026-03-01T12:00:00Z");

  function retryAfter(value: string, date?: string): number | undefined {
    const headers = { "retry-after": value, ...(date === undefined ? {} : { date }) };
    return classifyAnswer(answer(429, json, headers), put, now).failure.retryAfterMs;
  }

  test.each([
    ["5", 5_000],
    [" 5 ", 5_000],
    ["0", 0],
    ["1.5", 1_500],
    ["0.0004", 1],
    ["-3", 0],
    ["3600", 3_600_000],
    ["604800", 604_800_000],
    ["Sun, 01 Mar 2026 12:00:30 GMT", 30_000],
    ["Sun, 01 Mar 2026 11:59:00 GMT", 0],
  ])("%s is a wait", (value, ms) => expect(retryAfter(value)).toBe(ms));

  test.each([
    "",
    "soon",
    "1e3",
    "0x10",
    "5s",
    "5, 6",
    "NaN",
    "Infinity",
    "tomorrow 1",
    "2026-03-01",
    "Sun, 99 Mar 2026 12:00:30 GMT",
    "604801",
    "1772366400000",
    "9".repeat(400),
    "Sun, 01 Mar 2099 12:00:00 GMT",
  ])("%j is none", (value) => expect(retryAfter(value)).toBeUndefined());

  test("a date counts from the server's own clock, not from ours", () => {
    expect(retryAfter("Sun, 01 Mar 2020 12:00:30 GMT", "Sun, 01 Mar 2020 12:00:00 GMT")).toBe(30_000);
  });

  test("whatever it says, it is a wait between nothing and a week, or none", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.double().map(String),
          fc.date({ noInvalidDate: true }).map((d) => d.toUTCString()),
        ),
        (value) => {
          const ms = retryAfter(value);
          if (ms === undefined) return;
          expect(Number.isInteger(ms) && ms >= 0 && ms <= 604_800_000).toBe(true);
        },
      ),
    );
  });

  test("it is read from a 503 too, but not from a refusal", () => {
    const headers = { "retry-after": ["7"] };
    expect(classifyAnswer(answer(503, json, headers), put, now).failure.retryAfterMs).toBe(7_000);
    expect(classifyAnswer(answer(400, json, headers), put, now).failure).not.toHaveProperty("retryAfterMs");
  });
});

describe("what was not answered", () => {
  const fault = (code: string): Error => Object.assign(new Error(`${code} at 192.0.2.1`), { code });

  test.each([
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "UND_ERR_CONNECT_TIMEOUT",
    "CERT_HAS_EXPIRED",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "ERR_SSL_WRONG_VERSION_NUMBER",
  ])("%s: nothing was sent", (code) => {
    expect([put, once, get].map((asked) => classifyFault(fault(code), asked).failure.consequence)).toEqual(
      Array(3).fill("unavailable"),
    );
    expect(classifyFault(fault(code), put).message).toContain(code);
  });

  test.each(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET", "HPE_INVALID_CONSTANT", "UND_ERR_BODY_TIMEOUT"])(
    "%s: a write is unknown, a read unavailable",
    (code) => {
      expect(classifyFault(fault(code), put).failure.consequence).toBe("unknown");
      expect(classifyFault(fault(code), get).failure.consequence).toBe("unavailable");
    },
  );

  test.each(["EHOSTUNREACH", "ENETUNREACH", "ENETDOWN", "EPROTO", "ERR_SSL_BAD_RECORD"])(
    "%s: nothing was sent where it was met on connecting, and a write is unknown where on reading or writing",
    (code) => {
      const met = (syscall: string) => classifyFault(Object.assign(fault(code), { syscall }), once).failure;
      expect(met("connect").consequence).toBe("unavailable");
      expect([met("read").consequence, met("write").consequence]).toEqual(["unknown", "unknown"]);
    },
  );

  test("a code is found behind its wrappers", () => {
    const wrapped = new TypeError("fetch failed", {
      cause: new Error("x", { cause: fault("ECONNREFUSED") }),
    });
    expect(classifyFault(wrapped, put).failure.consequence).toBe("unavailable");
  });

  test("a deadline, an endless answer and a proxy that refuses", () => {
    expect(classifyFault(new DeadlineError("nothing complete within 5 ms"), put)).toMatchObject({
      failure: { consequence: "unknown", status: null },
      message: "PUT /api-keys/x got no answer: nothing complete within 5 ms",
    });
    expect(classifyFault(new TooLargeError("too large"), get).failure.consequence).toBe("misdirected");
    const tunnel = Object.assign(new Error("Proxy response (407) !== 200 when HTTP Tunneling"), {
      code: "UND_ERR_ABORTED",
    });
    expect(classifyFault(tunnel, put)).toMatchObject({
      failure: { consequence: "unavailable" },
      message: "PUT /api-keys/x got no answer: the proxy refused to connect (407)",
    });
    expect(classifyFault("not even an error", put).failure.consequence).toBe("unknown");
  });
});
