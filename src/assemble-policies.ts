import type { Config } from "./config.ts";
import { formatFiles } from "./policy-dir/format-files.ts";
import { writeNewFile } from "./policy-dir/new-file.ts";
import { createPolicySource } from "./policy-dir/policy-source.ts";
import type { PolicySource } from "./ports.ts";

/** The policy directory alone, for what needs no account. */
export function assemblePolicies(config: Config): PolicySource {
  return createPolicySource({ directory: config.policies });
}

/** What puts policy files in canonical order and layout. */
export function assembleFormatter(): { readonly formatFiles: typeof formatFiles } {
  return { formatFiles };
}

/** What writes a new repository. */
export function assembleStarter(): { readonly writeNewFile: typeof writeNewFile } {
  return { writeNewFile };
}
