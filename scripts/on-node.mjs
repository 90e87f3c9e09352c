// npm run on-node -- VERSION PROGRAM [ARGUMENT]…: runs a program with another version of Node first in the path.
import { installPackages, run } from "./install.mjs";
import { environmentWith, versionOf } from "./nodes.mjs";

const [text = "", program, ...args] = process.argv.slice(2);
const version = versionOf(text);
if (!version || !program) {
  console.error("usage: npm run on-node -- VERSION PROGRAM [ARGUMENT]…, VERSION like 24 or 24.21.0");
  process.exit(2);
}
installPackages();
run(program, args, { env: environmentWith(version) });
