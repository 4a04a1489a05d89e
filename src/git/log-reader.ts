export interface Commit {
  readonly id: string;
  /** `Name <address>`. */
  readonly author: string;
  /** RFC 3339. */
  readonly committedAt: string;
}

/** A commit, or the path of a file that the commit before it touched. */
export type LogItem = { readonly commit: Commit; readonly isMerge: boolean } | string;

/** The format of a commit that the reader understands; the author last, as an author may be called anything. */
export const logHeader = "%x01%H%x01%P%x01%cI%x01%an <%ae>";

/**
 * Reads what `git log -z --raw` says, piece by piece: for each commit its header, then for each file a field that begins
 * with a colon, and one with the path. So no path can pass for a header.
 */
export function createLogReader(): (piece: string) => LogItem[] {
  let rest = "";
  let isPath = false;
  return (piece) => {
    const fields = (rest + piece).split("\0");
    rest = fields.pop() ?? "";
    return fields.flatMap((field) => {
      if (isPath) {
        isPath = false;
        return [field];
      }
      isPath = /^\n?:/.test(field);
      const item = isPath ? undefined : headerFrom(field);
      return item === undefined ? [] : [item];
    });
  };
}

function headerFrom(field: string): LogItem | undefined {
  const [, id, parents, committedAt, author] =
    /^\x01([0-9a-f]+)\x01([0-9a-f ]*)\x01([^\x01]*)\x01(.*)$/s.exec(field) ?? [];
  if (id === undefined || parents === undefined || committedAt === undefined || author === undefined) {
    return undefined;
  }
  return { commit: { id, author, committedAt }, isMerge: parents.includes(" ") };
}
