// The least that checking policies can take: read each file, parse it, run the compiled schema on it.
// floor-validate.mjs DIRECTORY
import { validateAll } from "./bare-validate.mjs";

process.stdout.write(`${validateAll(process.argv[2])} valid\n`);
