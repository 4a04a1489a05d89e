import type { Format } from "./context.ts";

/** The forms of what finds faults. */
export const reportFormats: readonly Format[] = ["human", "json", "github", "sarif", "junit"];
