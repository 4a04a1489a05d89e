import { Option, type Command } from "commander";
import { isUuid } from "../core/canonical.ts";
import type { KeyFilter } from "../core/key-filter.ts";
import { AppError } from "../errors.ts";

/** The flags with which commands choose among live keys. */
export interface KeyFilterFlags {
  readonly key?: readonly string[];
  readonly workspace?: string;
  readonly type?: string;
  readonly name?: string;
}

export function addKeyFilterFlags(command: Command): Command {
  return command
    .option("--key <id>", "only this key; may be given more than once", collect, [])
    .option("--workspace <id>", "only keys of this workspace: its UUID, as reads show it")
    .addOption(
      new Option("--type <type>", "only keys of this type").choices([
        "organisation-service",
        "workspace-service",
        "workspace-user",
      ]),
    )
    .option("--name <glob>", "only keys whose name fits: * is any text, ? one character");
}

/** Throws USAGE for an id that is none. */
export function keyFilterFrom({ key = [], workspace, type, name }: KeyFilterFlags): KeyFilter {
  const wrong = key.find((id) => !isUuid(id));
  if (wrong !== undefined) {
    const shown = wrong.length > 60 ? `${wrong.slice(0, 57)}...` : wrong;
    throw new AppError("USAGE", `--key is ${JSON.stringify(shown)}; expected a UUID`, {
      hint: "Copy the key's id from Portkey; a key's name is given with --name.",
    });
  }
  return {
    ...(key.length === 0 ? {} : { ids: key.map((id) => id.toLowerCase()) }),
    ...(workspace === undefined ? {} : { workspace }),
    ...(type === undefined ? {} : { type }),
    ...(name === undefined ? {} : { name }),
  };
}

/** Throws USAGE where a key that was asked for by its id is not among the live ones. */
export function requireKeys(filter: KeyFilter, live: readonly { readonly id: string }[]): void {
  const known = new Set(live.map(({ id }) => id));
  const absent = (filter.ids ?? []).filter((id) => !known.has(id));
  if (absent.length === 0) return;
  throw new AppError("USAGE", `the control plane does not list ${absent.join(", ")}`, {
    hint: "Either there is no such key, or our credential may not list it.",
  });
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
