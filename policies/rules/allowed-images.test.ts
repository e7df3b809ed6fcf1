import { expect, test } from "vitest";
import { allowedImages, parseImage } from "./allowed-images.ts";
import { judge, UNKNOWN } from "./test-judge.ts";
import { container, DEPLOYMENT, deployment } from "./test-objects.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

async function faults(image: unknown, config = {}) {
  const props = deployment({ containers: [container({ image })] });
  return (await judge(allowedImages, DEPLOYMENT, props, config)).violations;
}

test.each([
  "deepseek.local/gateway:1",
  "redis:7.2.10-bookworm",
  "docker.io/library/debian:12",
  "nginxinc/nginx-unprivileged:1.28.0",
  "quay.io/prometheus/prometheus:v2.53.5",
  `deepseek.local/gateway@${DIGEST}`,
  `deepseek.local/gateway:1@${DIGEST}`,
  "000000000000.dkr.ecr.eu-central-1.amazonaws.com/deepseek/gateway:1",
])("allows %s", async (image) => {
  expect(await faults(image)).toEqual([]);
});

test.each([
  ["redis", "whatever redis is today"],
  ["redis:latest", "whatever redis:latest is today"],
  ["localhost:5000/redis", "whatever"],
  ["docker.io/someone/redis:7", "not allowed"],
  ["quay.io/prometheusx/prometheus:1", "not allowed"],
  ["evil.example/deepseek.local/gateway:1", "not allowed"],
  ["x.dkr.ecr.evil.example/gateway:1", "not allowed"],
  ["deepseek.local/gateway@sha256:abc", "which is none"],
  ["", "names no image"],
  [undefined, "names no image"],
  [7, "names no image"],
])("refuses %s", async (image, message) => {
  expect((await faults(image)).join("\n")).toContain(message);
});

test("a database cluster's image is judged as well", async () => {
  const type = "kubernetes:postgresql.cnpg.io/v1:Cluster";
  const faultsOf = async (spec: object) =>
    (await judge(allowedImages, type, { metadata: { name: "ledger" }, spec })).violations.join();
  expect(await faultsOf({ imageName: "deepseek.local/postgres-cluster:17" })).toBe("");
  expect(await faultsOf({ imageName: "ghcr.io/somebody/postgresql:17" })).toMatch(
    /^Cluster ledger takes .* not allowed/,
  );
  expect(await faultsOf({})).toMatch(/names no image/);
  expect((await judge(allowedImages, type, { spec: { imageName: UNKNOWN } })).notEvaluated).toBe(
    true,
  );
});

test("init and ephemeral containers are judged as well", async () => {
  const bad = container({ image: "redis" });
  const props = deployment({ initContainers: [bad], ephemeralContainers: [bad] });
  expect((await judge(allowedImages, DEPLOYMENT, props)).violations).toHaveLength(2);
});

test("the list is the stack's to change", async () => {
  const config = { registries: ["mirror.bank.example/deepseek"] };
  expect(await faults("mirror.bank.example/deepseek/gateway:1", config)).toEqual([]);
  expect(await faults("deepseek.local/gateway:1", config)).toHaveLength(1);
});

test("an unknown image is not evaluated", async () => {
  const props = deployment({ containers: [container({ image: UNKNOWN })] });
  expect((await judge(allowedImages, DEPLOYMENT, props)).notEvaluated).toBe(true);
});

test("references are read as container tools read them", () => {
  expect(parseImage("localhost:5000/a/b:1")).toMatchObject({
    repository: "localhost:5000/a/b",
    tag: "1",
  });
  expect(parseImage("host:5000/a")).toMatchObject({ repository: "host:5000/a", tag: undefined });
  expect(parseImage("a/b")).toMatchObject({ repository: "docker.io/a/b" });
});
