/** All components of the room together, as the embedded engine applies them with the simulated cloud. */
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { destroy, preview, up } from "../../tools/engine/engine.ts";
import { Harness } from "../../tools/engine/fixtures/test-harness.ts";
import type { OperationResult } from "../../tools/engine/operation.ts";
import { createSimulatedAwsProvider } from "../../tools/engine/providers/aws/provider.ts";
import { createRandomProvider } from "../../tools/engine/providers/random/provider.ts";
import type { ConfigValue } from "../../tools/engine/values.ts";

const factories = {
  random: () => createRandomProvider({ renderOnly: true }),
  aws: createSimulatedAwsProvider,
};
const harness = new Harness();

const options = (config: Record<string, string> = {}) =>
  harness.options({
    projectDir: path.join(import.meta.dirname, "fixtures", "site"),
    project: "site",
    stack: "prod",
    simulateCloud: true,
    config: Object.fromEntries(
      Object.entries({ "aws:region": "eu-central-1", ...config }).map(
        ([key, value]): [string, ConfigValue] => [key, { value, secret: false }],
      ),
    ),
  });

/** Steps that change something, as "update a100". */
const changes = (result: OperationResult) =>
  result.steps
    .filter(({ kind }) => kind !== "same")
    .map(({ kind, name }) => `${kind} ${name}`)
    .sort();

let made: OperationResult;

beforeAll(async () => {
  const plan = await preview(options(), factories);
  expect(plan.errors).toEqual([]);
  made = await up(options(), factories);
  expect(made.errors).toEqual([]);
}, 120_000);

describe("what was made", () => {
  test("tells its addresses; the password is a secret of the state", () => {
    expect(made.outputs).toMatchObject({
      databaseHost: expect.stringMatching(/^deepseek-ledger\..*\.invalid$/),
      cacheHost: expect.stringMatching(/^master\.deepseek-quota\./),
      address: expect.stringMatching(/^internal-deepseek-edge-/),
      failoverSeconds: 240,
    });
    expect(JSON.parse(String(made.outputs["kubeconfig"])).users[0].user.exec.command).toBe("aws");
    const password = harness.byName()["ledger-gateway"]?.outputs?.["result"];
    const clear = (password as { value?: string }).value;
    expect(clear).toHaveLength(40);
    expect(JSON.stringify(harness.events)).not.toContain(clear);
  });

  test("everything has a parent, and comes after what it needs", () => {
    const order = harness.resources().map(({ urn }) => urn.split("::").at(-1));
    const comesFirst = (first: string, second: string) =>
      expect(order.indexOf(first), `${first} before ${second}`).toBeLessThan(
        order.lastIndexOf(second),
      );
    comesFirst("cluster-vpc-cni", "a100");
    comesFirst("cluster-eks-pod-identity-agent", "system");
    comesFirst("system", "addons-coredns");
    comesFirst("cluster-control-plane", "cluster");
    comesFirst("ledger-postgresql", "ledger");
  });
});

describe("a second look", () => {
  test("finds nothing to do", async () => {
    const again = await preview(options(), factories);
    expect(again.errors).toEqual([]);
    expect(changes(again)).toEqual([]);
    expect(again.outputs).toEqual(made.outputs);
  });

  test("the number of nodes is nobody's business any more", async () => {
    expect(changes(await preview(options({ "site:gpuNodes": "2" }), factories))).toEqual([]);
  });

  test("a new release of the image changes both pools, and replaces neither", async () => {
    const release = { "site:release": "1.33.5-20251201" };
    expect(changes(await preview(options(release), factories))).toEqual([
      "update a100",
      "update system",
    ]);
  });

  test("a reservation changes the template and drops the placement group, in place", async () => {
    const reserved = { "site:reservation": "cr-0123456789abcdef0" };
    expect(changes(await preview(options(reserved), factories))).toEqual([
      "delete a100",
      "update a100",
      "update a100",
    ]);
  });

  test("days of backups change the database and nothing else", async () => {
    expect(changes(await preview(options({ "site:backupDays": "35" }), factories))).toEqual([
      "update ledger",
    ]);
  });
});

test("a zone that has no such instances is found in the preview", async () => {
  const without: typeof factories = {
    ...factories,
    aws: (context) => {
      const cloud = createSimulatedAwsProvider(context);
      return new Proxy(cloud, {
        get: (target, key) => {
          if (key === "invoke") return noOfferings;
          const value = Reflect.get(target, key);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
  };
  const refused = await preview(options(), without);
  expect(refused.ok).toBe(false);
  expect(refused.errors.join("\n")).toContain("no p4de.24xlarge in eu-central-1b");
});

async function noOfferings() {
  return { filters: [], id: "none", instanceTypes: [], locations: [], locationTypes: [] };
}

test("what is protected is not destroyed, what may go goes", async () => {
  const kept = { "site:deletable": "false" };
  expect((await up(options(kept), factories)).errors).toEqual([]);
  const refused = await destroy(options(kept), factories);
  expect(refused.ok).toBe(false);
  expect(refused.errors.join("\n")).toContain("is protected");
  expect((await up(options(), factories)).errors).toEqual([]);
  expect((await destroy(options(), factories)).errors).toEqual([]);
  expect(harness.resources()).toEqual([]);
}, 120_000);
