/** A real @pulumi/aws program, run by Pulumi's own executor against the simulated cloud. */
import path from "node:path";
import { expect, test } from "vitest";
import { destroy, preview, up } from "../../engine.ts";
import { Harness } from "../../fixtures/test-harness.ts";
import type { OperationOptions } from "../../operation.ts";
import type { ConfigValue } from "../../values.ts";
import { UNKNOWN } from "../../values.ts";
import { createRandomProvider } from "../random/provider.ts";
import { createSimulatedAwsProvider } from "./provider.ts";

const factories = {
  random: () => createRandomProvider({ renderOnly: true }),
  aws: createSimulatedAwsProvider,
};

function world() {
  const harness = new Harness();
  const options = (config: Record<string, string> = {}, simulateCloud = true): OperationOptions =>
    harness.options({
      projectDir: path.join(import.meta.dirname, "fixtures", "network"),
      project: "network",
      stack: "dev",
      config: Object.fromEntries(
        Object.entries({ "aws:region": "eu-central-1", ...config }).map(
          ([key, value]): [string, ConfigValue] => [key, { value, secret: false }],
        ),
      ),
      simulateCloud,
    });
  return { harness, options };
}

test("preview, up, nothing to do, a change, a replacement, destroy", async () => {
  const { harness, options } = world();
  const plan = await preview(options(), factories);
  expect(plan.errors).toEqual([]);
  expect(plan.outputs).toMatchObject({
    vpcId: UNKNOWN,
    clusterVpc: UNKNOWN,
    account: "000000000000",
  });

  const made = await up(options(), factories);
  expect(made.errors).toEqual([]);
  expect(made.outputs).toMatchObject({
    vpcId: expect.stringMatching(/^vpc-[0-9a-f]{17}$/),
    clusterVpc: expect.stringMatching(/^vpc-[0-9a-f]{17}$/),
    endpoint: expect.stringMatching(/\.invalid:5432$/),
    bucket: expect.stringMatching(/^records-[0-9a-f]{7}$/),
  });
  expect(harness.store.snapshot?.simulated).toBe(true);
  const password = JSON.stringify(harness.byName()["database"]?.outputs?.["result"]);
  expect(JSON.stringify(harness.events)).not.toContain(JSON.parse(password).value);

  const again = await preview(options(), factories);
  expect(again.counts).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
  expect(again.outputs).toEqual(made.outputs);

  const rotated = await preview(options({ "network:rotation": "true" }), factories);
  expect(rotated.counts).toMatchObject({ update: 1, replace: 0, create: 0 });
  expect(rotated.steps.find((step) => step.kind === "update")).toMatchObject({
    name: "key",
    basis: "table",
  });

  const moved = await preview(options({ "network:cidr": "10.1.0.0/16" }), factories);
  const replaced = moved.steps.filter((step) => step.replaces.length > 0).map((step) => step.name);
  expect(replaced).toContain("vpc");
  expect(replaced).toContain("subnet-0");
  expect(replaced).not.toContain("key");

  const gone = await destroy(options(), factories);
  expect(gone.errors).toEqual([]);
  expect(harness.resources()).toEqual([]);
});

test("without --simulate-cloud it is previewed and not applied", async () => {
  const { harness, options } = world();
  expect((await preview(options({}, false), factories)).errors).toEqual([]);
  const refused = await up(options({}, false), factories);
  expect(refused.ok).toBe(false);
  expect(refused.errors.join("\n")).toContain("no real AWS");
  expect(harness.resources().filter((state) => state.type.startsWith("aws:"))).toEqual([]);
});
