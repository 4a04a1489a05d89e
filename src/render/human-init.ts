import type { Paint } from "./color.ts";
import { plural, printable } from "./human-problems.ts";

export interface StarterFile {
  readonly path: string;
  readonly outcome: "written" | "exists";
}

export interface Initialised {
  readonly files: readonly StarterFile[];
  /** False where a file could not be written: there is no next step yet. */
  readonly isWhole: boolean;
  /** As seen from where the command ran; empty for right there. */
  readonly directory: string;
  /** Whether the directory is the top of a git repository, inside of one, or neither. */
  readonly repository: "top" | "inside" | "none";
}

export function humanInit({ files, isWhole, directory, repository }: Initialised, paint: Paint): string {
  const rows = files.map(({ path, outcome }) => {
    const word = outcome === "written" ? paint("green", "written") : paint("dim", "exists ");
    return `${word} ${printable(path)}\n`;
  });
  if (!isWhole) return rows.join("");
  const kept = files.filter(({ outcome }) => outcome === "exists").length;
  const left = kept === 0 ? "" : `; ${kept} left as ${kept === 1 ? "it was" : "they were"}`;
  const count = `${plural(files.length - kept, "file")} written${left}.\n`;
  return `${rows.join("")}${count}\nNext:\n${steps(directory, repository).join("")}`;
}

function steps(directory: string, repository: Initialised["repository"]): string[] {
  const go = directory === "" ? [] : [`  cd ${quoted(printable(directory))}\n`];
  const hook = "  git config core.hooksPath .githooks       # checks before each commit\n";
  const git = { top: [hook], none: ["  git init\n", hook], inside: [] };
  const note =
    "This is inside of a git repository: git and GitHub find .githooks and .github only at its top; move them there.\n";
  return [
    ...go,
    ...git[repository],
    "  keysteward validate && keysteward test    # offline\n",
    "  keysteward import --dry-run               # policies for the keys that you have; needs PORTKEY_API_KEY\n",
    ...(repository === "inside" ? [note] : []),
  ];
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
