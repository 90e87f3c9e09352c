import { defineConfig } from "vitest/config";
import { ClosingReporter } from "./test/closing-reporter.ts";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    // Far more than anything takes: a slow machine must not fail a test.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", new ClosingReporter()],
  },
});
