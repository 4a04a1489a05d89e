import { statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { AppError } from "../errors.ts";

/** Where editors find the schema: a file by its absolute path, or an address that is written as it is. */
export type SchemaPlace =
  { readonly kind: "file"; readonly path: string } | { readonly kind: "address"; readonly url: string };

interface Asked {
  /** A file or an address that somebody has named. */
  readonly named: string | undefined;
  /** The policy directory. */
  readonly policies: string;
  readonly cwd: string;
}

/**
 * The schema that policies are to point to: the one that was named, else `schema/policy.schema.json` beside the policy
 * directory; null where that is not there, since a pointer to nothing is a fault in every editor. Throws USAGE for a named
 * file that is not there.
 */
export function schemaPlace({ named, policies, cwd }: Asked): SchemaPlace | null {
  if (named !== undefined && /^[a-z][a-z\d+.-]+:\/\/\S+$/i.test(named))
    return { kind: "address", url: named };
  const path =
    named === undefined
      ? join(dirname(resolve(cwd, policies)), "schema", "policy.schema.json")
      : resolve(cwd, named);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return { kind: "file", path };
  if (named === undefined) return null;
  throw new AppError("USAGE", `--schema ${named}: found no such file, expected one, or an address`, {
    hint: `keysteward schema policy > ${named === "" ? "schema/policy.schema.json" : named} writes it.`,
  });
}

/** The schema as a policy's file points to it. */
export function pointerTo(place: SchemaPlace, file: string): string {
  if (place.kind === "address") return place.url;
  return relative(dirname(resolve(file)), place.path)
    .split(sep)
    .join("/");
}
