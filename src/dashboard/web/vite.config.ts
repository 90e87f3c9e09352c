import { resolve } from "node:path";
import { defineConfig } from "vite";

/** Builds the page into dist, from where the daemon serves it. */
export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: resolve(import.meta.dirname, "../../../dist/dashboard/web"),
    emptyOutDir: true,
    target: "es2022",
    // Small pictures in the CSS would be against the content security policy's spirit, and there are none.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
