// npm run build: compiles what has changed.
import { build, installPackages } from "./install.mjs";

installPackages();
build();
