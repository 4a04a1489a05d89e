import { AppError } from "../errors.ts";

/** Checks a base URL, prefix included, and drops its trailing slashes. Throws an AppError that says what is wrong. */
export function parseBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw wrong("is not a URL");
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw wrong("does not begin with https:// or http://");
  if (url.username !== "" || url.password !== "") throw wrong("holds a user name or password");
  if (text.includes("?") || text.includes("#")) throw wrong("holds a query or a fragment");
  return url.href.replace(/\/+$/, "");
}

/** The URL itself stays out of the message: it may hold what it should not. */
function wrong(fault: string): AppError {
  return new AppError("BASE_URL_WRONG", `the base URL ${fault}`, {
    hint: "It is an address with its prefix and nothing else, such as https://api.portkey.ai/v1.",
  });
}
