/** What a rotation leaves open: the former secret is taken once more where two can be, and then no longer. */
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { named } from "../stacks/test-objects.ts";
import { standIn } from "../stacks/test-program.ts";
import { gatewaySecrets } from "./gateway-secrets.ts";
import { Redis } from "./redis.ts";
import { certificateOf, make } from "./test-program.ts";

const REDIS = {
  namespace: "deepseek",
  image: "redis:1",
  exporterImage: "exporter:1",
  replicas: 3 as const,
  resources: { cpu: "100m", memory: "256Mi" },
  volume: { storage: "1Gi", storageClass: undefined, onDestroy: "retain" as const },
};

const hash = (name: string) => `#${createHash("sha256").update(standIn(name, 40)).digest("hex")}`;
const gatewayOf = (text: string) =>
  /^user gateway on ((?:#[0-9a-f]{64} )+)/m.exec(text)?.[1]?.trim().split(" ");

test.each([
  [0, ["redis-gateway"]],
  [1, ["redis-gateway-1", "redis-gateway"]],
  [2, ["redis-gateway-2", "redis-gateway-1"]],
])(
  "Redis and its sentinels, rotated %i times, take the passwords %j",
  async (generation, taken) => {
    const program = await make(() => {
      const certificate = certificateOf("redis");
      const redis = new Redis("redis", { ...REDIS, generation, certificate });
      return { password: redis.password };
    });
    const { data } = named("Secret", "redis-users", program);
    for (const file of ["users.acl", "sentinel.acl"]) {
      const text = Buffer.from(data[file], "base64").toString();
      expect(gatewayOf(text)).toEqual(taken.map(hash));
    }
    // What the gateway is given is the newest.
    expect(program.outputs["password"]).toBe(standIn(taken[0] ?? "", 40));
  },
);

test("tokens are verified by the former key once more; data are opened by every former one", async () => {
  const program = await make(() => {
    const generations = { tokens: 2, data: 2 };
    const { name } = gatewaySecrets("gateway", "deepseek", "gateway", generations, {});
    return { name: pulumi.output(name) };
  });
  const { data } = named("Secret", "gateway-secrets", program);
  const lines = (file: string) => Buffer.from(data[file], "base64").toString().trim().split("\n");
  const drawn = (name: string) => Buffer.from(standIn(name, 32)).toString("base64");
  expect(lines("token-secrets")).toEqual(
    ["gateway-token-secret-2", "gateway-token-secret-1"].map(drawn),
  );
  expect(lines("data-keys")).toEqual([
    `rotated-2:${drawn("gateway-data-key-2")}`,
    `rotated-1:${drawn("gateway-data-key-1")}`,
    `first:${drawn("gateway-data-key")}`,
  ]);
});
