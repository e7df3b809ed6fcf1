import { defineConfig } from "vitest/config";

// Two kinds of test. "unit" needs nothing but Node and runs in parallel. "cluster" files
// (*.cluster.test.ts) start real servers (API server, kubelet, nginx ...), so they run one by one.
const ignored = ["**/node_modules/**", ".state/**"];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: [...ignored, "**/*.cluster.test.ts"],
          pool: "forks",
          // Programs under Pulumi's SDK make promises by the ten thousand; collected less often, they
          // take a quarter less of the processor.
          execArgv: ["--max-semi-space-size=64"],
          // What a test waits for is set where it waits; these only end what hangs, on a busy machine too.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "cluster",
          include: ["**/*.cluster.test.ts"],
          exclude: ignored,
          pool: "forks",
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 1_800_000,
        },
      },
    ],
  },
});
