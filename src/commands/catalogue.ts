/*
 * Every command, in the order of `--help`. What each does, its examples and exit codes, its own flags, and where it is
 * stands in a file of its own in `entries`: a new command is one line here. A command's module is loaded when it is run:
 * checking a file should not wait for a database driver, nor a daemon carry the demo.
 */
import type { CommandEntry } from "./command-entry.ts";

const entries: readonly { readonly entry: CommandEntry }[] = await Promise.all([
  import("./entries/init.ts"),
  import("./entries/validate.ts"),
  import("./entries/test.ts"),
  import("./entries/fmt.ts"),
  import("./entries/plan.ts"),
  import("./entries/apply.ts"),
  import("./entries/daemon.ts"),
  import("./entries/status.ts"),
  import("./entries/history.ts"),
  import("./entries/approve.ts"),
  import("./entries/sync.ts"),
  import("./entries/pause.ts"),
  import("./entries/resume.ts"),
  import("./entries/restore.ts"),
  import("./entries/import.ts"),
  import("./entries/drift.ts"),
  import("./entries/explain.ts"),
  import("./entries/audit.ts"),
  import("./entries/forget.ts"),
  import("./entries/schema.ts"),
  import("./entries/demo.ts"),
  import("./entries/simulator.ts"),
]);

export const catalogue: readonly CommandEntry[] = entries.map(({ entry }) => entry);
