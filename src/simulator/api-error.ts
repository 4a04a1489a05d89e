import type { JsonObject } from "../core/policy.ts";

/** The error codes of Portkey's admin API that the simulator uses, each with its usual status. */
const statusOf = {
  AB01: 400,
  AB02: 404,
  AB03: 403,
  AB04: 500,
  AB05: 401,
  AB06: 429,
  AB07: 409,
  AB08: 404,
} as const;

export type ApiCode = keyof typeof statusOf;

/** A request that the API refuses. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ApiCode;

  constructor(code: ApiCode, message: string) {
    super(message);
    this.code = code;
  }

  get status(): number {
    return statusOf[this.code];
  }
}

/**
 * The shapes of error bodies that clients of the API know: `data` stands in Portkey's help center, `flat` in its
 * Terraform provider's tests, `status` in a community client's parser, `openai` in the OpenAPI document.
 */
export type ErrorShape = "data" | "flat" | "status" | "openai";

export function errorBody(error: ApiError, shape: ErrorShape): JsonObject {
  const { code, message, status } = error;
  switch (shape) {
    case "data":
      return { success: false, data: { message, errorCode: code } };
    case "flat":
      return { errorCode: code, message };
    case "status":
      return {
        status_code: status,
        success: false,
        error: { message, slug: slugs[code], code, type: "error" },
      };
    case "openai":
      return { error: { message, type: "invalid_request_error", param: null, code } };
    default:
      return shape satisfies never;
  }
}

const slugs: Readonly<Record<ApiCode, string>> = {
  AB01: "validation-error",
  AB02: "validation-error",
  AB03: "forbidden",
  AB04: "internal-server-error",
  AB05: "unauthorised",
  AB06: "rate-limit-exceeded",
  AB07: "already-exists",
  AB08: "not-found",
};

/** A page as a web server in front of the API shows it. */
export function htmlPage(status: number): string {
  const title = `${status} ${titles[status] ?? "Unknown"}`;
  return (
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n` +
    `<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`
  );
}

const titles: Readonly<Record<number, string>> = {
  200: "OK",
  403: "Forbidden",
  404: "Not Found",
  502: "Bad Gateway",
  503: "Service Temporarily Unavailable",
  504: "Gateway Time-out",
};
