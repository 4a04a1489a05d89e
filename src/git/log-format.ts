export interface Commit {
  readonly id: string;
  /** `Name <address>`. */
  readonly author: string;
  /** RFC 3339. */
  readonly committedAt: string;
}

/** A commit and its parents, or those that git puts in their place. */
export interface Node {
  readonly commit: Commit;
  readonly parents: readonly string[];
}

/** The author comes last, as an author may be called anything. */
const header = "%x01%H%x01%P%x01%cI%x01%an <%ae>";

/** `git log` in the form that is read here. */
export const logFormat: readonly string[] = [
  ...["log", "-z", "--no-patch", "--no-color", "--no-ext-diff", "--no-textconv"],
  ...["--encoding=UTF-8", `--format=${header}`],
];

export function readLog(text: string): Node[] {
  return text.split("\0").flatMap((entry) => {
    const [, id, parents, committedAt, author] =
      /^\x01([0-9a-f]+)\x01([0-9a-f ]*)\x01([^\x01]*)\x01(.*)$/s.exec(entry) ?? [];
    if (id === undefined || parents === undefined || committedAt === undefined || author === undefined)
      return [];
    return [
      { commit: { id, author, committedAt }, parents: parents.split(" ").filter((parent) => parent !== "") },
    ];
  });
}
