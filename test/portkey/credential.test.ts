import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCredential } from "../../src/portkey/credential.ts";

const secret = "pk-c4n4ry+Zz/9==";

describe("a credential", () => {
  const credential = createCredential(` ${secret}\n`);

  test("is given out by reveal alone", () => {
    expect(credential.reveal()).toBe(secret);
    // The ways in which a value finds into a text, on purpose or not.
    const shown = [
      JSON.stringify({ credential }),
      String(credential),
      inspect(credential, { depth: null, showHidden: true, getters: true }),
      inspect({ credential }, { depth: null, customInspect: false, showHidden: true }),
      JSON.stringify(Object.entries(credential)),
    ];
    for (const text of shown) expect(text).not.toContain("c4n4ry");
  });

  test("takes itself out of a text, also in JSON and in a URL", () => {
    const text = `a ${secret} b ${encodeURIComponent(secret)} c`;
    expect(credential.redact(text)).toBe("a [secret] b [secret] c");
    const quoted = createCredential('pk"quoted\\key');
    expect(quoted.redact(JSON.stringify({ key: quoted.reveal() }))).toBe('{"key":"[secret]"}');
  });

  test("takes other keys out too, but leaves words, codes and ids", () => {
    expect(credential.redact("key nK3jd82hsKSHq7Zyw81jsKA72hs is bad")).toBe("key [secret] is bad");
    const kept =
      "AB03: scope organisation_service_api_keys.update is missing for /api-keys/3f2b1c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d";
    expect(credential.redact(kept)).toBe(kept);
  });

  test("whatever the key, no text that holds it keeps it", () => {
    const key = fc.stringMatching(/^[\x21-\x7e]{8,40}$/);
    fc.assert(
      fc.property(key, fc.string(), fc.string(), (text, before, after) => {
        fc.pre(!"[secret]".includes(text));
        expect(createCredential(text).redact(`${before}${text}${after}`)).not.toContain(text);
      }),
    );
  });
});

test.each(["", "  \n", "two words", "línea", "a\u0000b"])(
  "a text that cannot be a key is refused unseen: %j",
  (text) => {
    const shape = text.trim() === "" ? "is empty" : "holds white space or special characters";
    const make = () => createCredential(text);
    expect(make).toThrow(`the Portkey admin key ${shape}`);
    expect(make).toThrow(expect.objectContaining({ code: "CREDENTIAL_MISSING" }));
  },
);

describe("a mask fits", () => {
  const credential = createCredential("z1abcdefghijklm3AX");

  test.each(["z1*****3AX", "z1*3AX", "z***************AX", "*****3AX", "z1****", "z1abcdefghijklm3AX"])(
    "where all that it shows is the key's: %s",
    (masked) => {
      expect(credential.fits(masked)).toBe(true);
    },
  );

  test.each(["z2*****3AX", "z1*****3AY", "", "*****", "z1abc3AX", "z1abcdefghij*jklm3AX", "z1**x**3AX"])(
    "not where anything else is shown, or nothing: %s",
    (masked) => {
      expect(credential.fits(masked)).toBe(false);
    },
  );
});
