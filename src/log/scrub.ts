/**
 * A secret gets into a text by ways nobody thought of: an error's cause, a stack, a header dumped by a library. So it is
 * looked for by value, in the finished text, after everything else is done, and also in the forms in which a secret
 * travels:
 *
 *   as it is; escaped in JSON, up to four times over; escaped in a URL or a form; in hexadecimal; in base64, at each of the
 *   three alignments it can have inside a longer text (`user:secret`)
 */

/** The text with every secret in it, in any of those forms, replaced by `[secret]`. */
export function scrub(text: string, secrets: readonly string[]): string {
  return createScrubber(secrets)(text);
}

/** The same for many texts. */
export function createScrubber(secrets: readonly string[]): (text: string) => string {
  const forms = [...new Set(secrets.filter((secret) => secret !== "").flatMap(formsOf))];
  if (forms.length === 0) {
    return (text) => text;
  }
  const longestFirst = forms.sort((left, right) => right.length - left.length);
  const pattern = new RegExp(longestFirst.map(escapeForPattern).join("|"), "g");
  return (text) => text.replace(pattern, "[secret]");
}

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const urls = [
    encodeURIComponent(bytes.toString()),
    new URLSearchParams({ "": secret }).toString().slice(1),
  ];
  const hex = bytes.toString("hex");
  // A short piece of base64 or hexadecimal would also be found where no secret is.
  const encoded = [...base64Of(bytes), hex, hex.toUpperCase()].filter((text) => text.length >= 8);
  return [...inJson(secret), ...urls, ...urls.map(withLowerEscapes), ...encoded];
}

/** As it is, and inside JSON that is a string in JSON, and so on: a line of the log is one level of its own. */
function inJson(secret: string): readonly string[] {
  const forms = [secret];
  for (let level = 1; level <= 4; level++) {
    forms.push(JSON.stringify(forms.at(-1)).slice(1, -1));
  }
  return forms;
}

function withLowerEscapes(url: string): string {
  return url.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
}

/** Of each alignment the characters that depend on the secret alone. */
function base64Of(secret: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), secret]);
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor((bytes.length * 8) / 6);
    const base64 = bytes.toString("base64").slice(first, last);
    return [base64, base64.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

function escapeForPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
