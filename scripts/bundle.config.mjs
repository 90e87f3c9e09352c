// How the compiled daemon and all that it imports become one file, dist/shoald.js: loading some 1,500 files takes a processor a second more.
import { join, relative, sep } from "node:path";
import { defineConfig } from "vite";
import { root } from "./install.mjs";

const dist = join(root, "dist");

/** Modules that look for files beside them are to find these where they have always been. */
const places = {
  name: "places",
  transform(code, id) {
    if (!id.startsWith(dist + sep)) return undefined;
    const url = `new URL(${JSON.stringify(relative(dist, id))}, import.meta.url).href`;
    return { code: code.replaceAll("import.meta.url", url), map: null };
  },
};

export default defineConfig({
  root,
  plugins: [places],
  publicDir: false,
  ssr: { noExternal: true },
  build: {
    ssr: join(dist, "bin", "shoald.js"),
    outDir: dist,
    // The rest of dist is the compiler's.
    emptyOutDir: false,
    target: "node20",
    // Stack traces keep their names; with NODE_OPTIONS=--enable-source-maps they have the compiled files' lines, too.
    minify: false,
    sourcemap: true,
  },
});
