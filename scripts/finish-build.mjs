// Makes the built command executable, as npm does for a `bin` when it installs a package.
import { chmodSync } from "node:fs";

chmodSync(new URL("../dist/cli.js", import.meta.url), 0o755);
