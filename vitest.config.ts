import { defineConfig } from "vitest/config";
import { ClosingReporter } from "./test/closing-reporter.ts";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", new ClosingReporter()],
  },
});
