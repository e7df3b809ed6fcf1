/** What the gateway is told of its stores and of fine-tuning, judged by its own reading of it. */
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../gateway-image/src/config.ts";
import { environmentOf, type Loose, named } from "../stacks/test-objects.ts";
import type { Program } from "../stacks/test-program.ts";
import { FineTuning } from "./fine-tuning.ts";
import { Gateway, type GatewayArgs } from "./gateway.ts";
import { PostgresCluster } from "./postgres-cluster.ts";
import { Redis } from "./redis.ts";
import { certificateOf, make } from "./test-program.ts";

const RESOURCES = { cpu: "100m", memory: "512Mi" };
const VOLUME = { storage: "1Gi", storageClass: undefined, onDestroy: "retain" as const };

function makeGateway(replicas: 1 | 3, change: () => Partial<GatewayArgs> = () => ({})) {
  return make(() => {
    const store = { namespace: "deepseek", resources: RESOURCES, volume: VOLUME };
    const redis = new Redis("redis", {
      ...store,
      image: "redis:1",
      exporterImage: "exporter:1",
      certificate: certificateOf("redis"),
      replicas,
    });
    const postgres = new PostgresCluster("postgres", {
      ...store,
      cluster: "postgres",
      role: "gateway",
      image: "postgresql:17",
      instances: 3,
      certificate: certificateOf("postgres"),
    });
    new Gateway("gateway", {
      ...store,
      image: "gateway:1",
      replicas: 2,
      certificate: certificateOf("gateway"),
      logLevel: "info",
      longestStreamSeconds: 600,
      cache: { entriesMax: 0, ttlSeconds: 1 },
      prompts: "hash",
      jobsAtOnce: 1,
      quotasWithoutRedis: "refuse",
      site: { name: "primary", quotaShare: 1 },
      auditDays: 184,
      adminTotp: "required",
      clientCertificates: false,
      outside: { providerKeys: {}, webhookHosts: [] },
      origins: [],
      redis,
      postgres,
      models: [],
      tiers: {},
      keys: pulumi.output("{}"),
      ...change(),
    });
    return {};
  });
}

const workload = (program: Program): Loose => named("StatefulSet", "gateway", program);

function configOf(program: Program) {
  const result = parseConfig(environmentOf(workload(program)));
  if ("faults" in result) throw new Error(result.faults.join("\n"));
  return result.config;
}

describe("the gateway is told", () => {
  test("of one Redis by its host, and of CloudNativePG by the instance that is written to", async () => {
    const program = await makeGateway(1);
    expect(configOf(program)).toMatchObject({
      GW_REDIS_HOST: "redis.deepseek.svc",
      GW_POSTGRES_HOST: "postgres-rw.deepseek.svc",
      GW_POSTGRES_DATABASE: "gateway",
    });
    expect(workload(program).spec.template.spec.serviceAccountName).toBeUndefined();
  });

  test("of a replicated Redis by its sentinels alone", async () => {
    const config = configOf(await makeGateway(3));
    expect(config.GW_REDIS_HOST).toBeUndefined();
    expect(config.GW_REDIS_MASTER).toBe("main");
    expect(config.GW_REDIS_SENTINELS).toEqual(
      [0, 1, 2].map((index) => ({ host: `redis-${index}.redis.deepseek.svc`, port: 26_379 })),
    );
  });

  test("of an authority of the stores' own, where its file is", async () => {
    const program = await makeGateway(1, () => ({ storesAuthority: "the stores' authority" }));
    expect(configOf(program).GW_STORES_CA_FILE).toBe("/etc/gateway/routes/stores-ca.crt");
    expect(named("ConfigMap", "gateway-routes", program).data["stores-ca.crt"]).toBe(
      "the stores' authority",
    );
  });

  test("of fine-tuning: a template, a namespace that is not its own, and a token that it mounts itself", async () => {
    const program = await makeGateway(1, () => ({
      fineTuning: new FineTuning("fine-tuning", {
        namespace: "deepseek-patient",
        gatewayNamespace: "deepseek",
        settings: {
          image: "trainer:1",
          command: ["/trainer"],
          gpuProduct: "NVIDIA-A100-SXM4-80GB",
          gpus: 1,
          resources: RESOURCES,
          sharedMemory: "1Gi",
          longestHours: 4,
        },
        volumes: { datasets: VOLUME, models: VOLUME, output: VOLUME },
      }),
    }));
    const config = configOf(program);
    expect(config.GW_FINE_TUNING).toBe("kubernetes");
    const { spec } = workload(program).spec.template;
    expect([spec.serviceAccountName, spec.automountServiceAccountToken]).toEqual([
      "gateway",
      false,
    ]);
    const { volumeMounts } = spec.containers[0];
    const folder = volumeMounts.find(
      ({ mountPath }: Loose) => mountPath === config.GW_KUBERNETES_FOLDER,
    );
    const { projected } = spec.volumes.find(({ name }: Loose) => name === folder.name);
    const files = projected.sources.flatMap(({ serviceAccountToken, configMap }: Loose) =>
      serviceAccountToken === undefined
        ? configMap.items.map(({ path }: Loose) => path)
        : [serviceAccountToken.path],
    );
    expect(files).toEqual(["token", "ca.crt", "namespace"]);
  });
});
