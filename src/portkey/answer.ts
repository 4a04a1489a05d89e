import type { Json } from "../core/policy.ts";
import { isObject } from "../core/canonical.ts";

/** An HTTP answer, read to its end. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

export function header(answer: Answer, name: string): string | undefined {
  const value = answer.headers[name];
  return typeof value === "string" ? value : value?.[0];
}

/** Whether this is a web page: a proxy's, or the control plane's own frontend. */
export function isHtml(answer: Answer): boolean {
  if (header(answer, "content-type")?.toLowerCase().includes("text/html") === true) return true;
  return /^\s*<(!doctype|html|head|body)\b/i.test(answer.body);
}

/** The JSON of a body; undefined when it is none. */
export function parseJson(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}

/** What an error answer says of itself. */
export interface Complaint {
  /** `AB01` to `AB09`, or another code of the same place. */
  readonly code: string | null;
  /** Empty when it says nothing. */
  readonly text: string;
}

/**
 * Reads the body of an error. Seen in the wild: `{success, data: {message, errorCode}}`, `{errorCode, message}`,
 * `{status_code, success, error: {message, slug, code, type}}`, `{error: {message, type, param, code}}`, plain text.
 */
export function readComplaint(body: string): Complaint {
  const json = parseJson(body);
  if (!isObject(json)) return { code: null, text: body.trim() };
  const data = isObject(json["data"]) ? json["data"] : {};
  const error = isObject(json["error"]) ? json["error"] : {};
  const code = [data["errorCode"], json["errorCode"], error["code"]].find(isText);
  const text = [data["message"], json["message"], error["message"], json["error"]].find(isText);
  return { code: code ?? null, text: text?.trim() ?? body.trim() };
}

function isText(value: Json | undefined): value is string {
  return typeof value === "string" && value !== "";
}
