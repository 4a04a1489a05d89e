import type { Config } from "./config.ts";
import { writeNewFile } from "./policy-dir/new-file.ts";
import { createPolicySource } from "./policy-dir/policy-source.ts";
import type { PolicySource } from "./ports.ts";

/** The policy directory alone, for what needs no account. */
export function assemblePolicies(config: Config): PolicySource {
  return createPolicySource({ directory: config.policies });
}

/** What writes a new repository. */
export function assembleStarter(): { readonly writeNewFile: typeof writeNewFile } {
  return { writeNewFile };
}
