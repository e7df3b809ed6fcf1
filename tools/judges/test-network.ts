/** For tests: a small AWS program after an update of the simulated cloud. */
import path from "node:path";
import { up } from "../engine/engine.ts";
import { Harness } from "../engine/fixtures/test-harness.ts";
import type { OperationResult } from "../engine/operation.ts";
import { createSimulatedAwsProvider } from "../engine/providers/aws/provider.ts";
import { createRandomProvider } from "../engine/providers/random/provider.ts";

export function simulatedNetwork(): Promise<OperationResult> {
  const options = new Harness().options({
    projectDir: path.join(import.meta.dirname, "../engine/providers/aws/fixtures/network"),
    project: "network",
    stack: "dev",
    config: { "aws:region": { value: "eu-central-1", secret: false } },
    simulateCloud: true,
  });
  const random = () => createRandomProvider({ renderOnly: true });
  return up(options, { random, aws: createSimulatedAwsProvider });
}
