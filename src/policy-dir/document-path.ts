import { clip } from "./yaml-stream.ts";

const plainName = /^[A-Za-z_][\w-]*$/;

/** A dotted path one field further: `spec.key`, `metadata.labels["a.b"]`. Long names are cut. */
export function joinPath(path: string, name: string): string {
  if (!plainName.test(name)) {
    return `${path}[${JSON.stringify(clip(name))}]`;
  }
  return path === "" ? clip(name) : `${path}.${clip(name)}`;
}

/** A dotted path one list item further: `spec.keyIds[2]`. */
export function itemPath(path: string, index: number): string {
  return `${path}[${index}]`;
}
