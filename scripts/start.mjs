// npm start: a swarm on this machine, to try things out. Installs and builds what a fresh clone is missing.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, installPackages, root } from "./install.mjs";

installPackages();
build();
await import(pathToFileURL(join(root, "dist", "demo", "main.js")).href);
