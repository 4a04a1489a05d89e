/**
 * A secret gets into a text by ways nobody thought of: an error's cause, a stack, a header dumped by a library. So it is
 * looked for by value, in the finished text, after everything else is done, and also in the forms in which a secret
 * travels:
 *
 *   as it is; escaped in JSON, up to four times over; escaped in a URL or a form, in XML or HTML, or for the annotations of
 *   GitHub's runner; in hexadecimal; in base64, at each of the
 *   three alignments it can have inside a longer text (`user:secret`)
 *
 * A text may have been cut before it is finished, and then a secret that stood across the cut is not there as a whole. So
 * the start of a form is looked for too, where the mark of a cut (`...` or `…`) follows it, and its end where one goes
 * before. Only there: a piece that stands anywhere else may be a word like any other, and values are stored as well.
 */

/** The fewest letters of a secret that are taken for a piece of it, beside a cut. */
const shortestPiece = 6;
const cuts = /\.{3,}|…/g;

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
  const withoutPieces = createPieceScrubber(longestFirst);
  return (text) => withoutPieces(text.replace(pattern, "[secret]"));
}

function createPieceScrubber(longestFirst: readonly string[]): (text: string) => string {
  const forms = longestFirst.filter((form) => form.length > shortestPiece);
  const longest = forms[0]?.length ?? 0;
  const most = (lengthIn: (form: string) => number): number => Math.max(0, ...forms.map(lengthIn));

  return (text) => {
    let clean = "";
    let done = 0;
    for (const { 0: mark, index } of text.matchAll(cuts)) {
      if (index < done) continue;
      const before = text.slice(Math.max(done, index - longest), index);
      const end = index + mark.length;
      const after = text.slice(end, end + longest);
      const start = index - most((form) => startAtEnd(before, form));
      const rest = most((form) => endAtStart(after, form));
      clean +=
        text.slice(done, start) + (start < index ? "[secret]" : "") + mark + (rest > 0 ? "[secret]" : "");
      done = end + rest;
    }
    return clean + text.slice(done);
  };
}

/** How many letters at the end of the text are the start of the form. */
function startAtEnd(text: string, form: string): number {
  const head = form.slice(0, shortestPiece);
  for (let at = text.indexOf(head); at !== -1; at = text.indexOf(head, at + 1)) {
    if (form.startsWith(text.slice(at))) return text.length - at;
  }
  return 0;
}

/** How many letters at the start of the text are the end of the form. */
function endAtStart(text: string, form: string): number {
  const tail = form.slice(-shortestPiece);
  for (let at = text.lastIndexOf(tail); at !== -1; at = at === 0 ? -1 : text.lastIndexOf(tail, at - 1)) {
    const length = at + tail.length;
    if (form.endsWith(text.slice(0, length))) return length;
  }
  return 0;
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
  const texts = [...inJson(secret), ...urls, ...urls.map(withLowerEscapes)];
  return [...texts.flatMap((text) => [text, ...inMarkup(text)]), ...encoded];
}

/** As XML and HTML escape it, in both spellings of quotes, and as a line and a property of GitHub's runner hold it. */
function inMarkup(form: string): readonly string[] {
  const text = form.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const quoted = text.replaceAll('"', "&quot;");
  const line = form.replaceAll("%", "%25");
  return [
    text,
    quoted,
    quoted.replaceAll("'", "&#39;"),
    quoted.replaceAll("'", "&apos;"),
    line,
    line.replaceAll(":", "%3A").replaceAll(",", "%2C"),
  ];
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
