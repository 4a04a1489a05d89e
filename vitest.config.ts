import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    restoreMocks: true,
    // Half of the time goes to processes that are waited for: two files at a time, also where there are two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ["default", "./test/property-reporter.ts"],
  },
});
