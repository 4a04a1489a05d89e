import { expect, test } from "vitest";
import { parseBaseUrl } from "../../src/portkey/base-url.ts";

test.each([
  ["https://api.portkey.ai/v1", "https://api.portkey.ai/v1"],
  ["https://api.portkey.ai/v1/", "https://api.portkey.ai/v1"],
  ["https://example.com//", "https://example.com"],
  ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
  ["https://example.com/albus/v2", "https://example.com/albus/v2"],
])("%s is a base URL", (text, url) => expect(parseBaseUrl(text)).toBe(url));

test.each([
  ["", "is not a URL"],
  ["api.portkey.ai/v1", "is not a URL"],
  ["ftp://example.com", "does not begin with https:// or http://"],
  ["file:///etc/passwd", "does not begin with https:// or http://"],
  ["https://me:c4n4ry@example.com", "holds a user name or password"],
  ["https://example.com/v1?key=c4n4ry", "holds a query or a fragment"],
  ["https://example.com/v1#", "holds a query or a fragment"],
])("%s is refused, and not repeated", (text, fault) => {
  let thrown: unknown;
  try {
    parseBaseUrl(text);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code: "BASE_URL_WRONG", message: `the base URL ${fault}` });
});
