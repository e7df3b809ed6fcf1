/**
 * The local stack: one site on one cluster, the model servers simulated and everything else as in
 * production. Reads as an inventory; what a thing is made of stands in its component.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Alertmanager } from "../components/alertmanager.ts";
import { ApiKeys } from "../components/api-keys.ts";
import { type CertificateSource, Certificates } from "../components/certificates.ts";
import { Edge } from "../components/edge.ts";
import { Gateway } from "../components/gateway.ts";
import { ModelServer, modelService } from "../components/model-server.ts";
import { NamespaceLimits } from "../components/namespace-limits.ts";
import { Namespaces } from "../components/namespaces.ts";
import { NetworkPolicies } from "../components/network-policies.ts";
import { Postgres } from "../components/postgres.ts";
import { Prometheus } from "../components/prometheus.ts";
import { Redis } from "../components/redis.ts";
import { scrapeJobs } from "../components/scrape-jobs.ts";
import { serverNames } from "../components/server-names.ts";
import { serviceFlows } from "../components/service-flows.ts";
import { imageReference } from "../config/images.ts";
import type { ImageName, Settings } from "../config/schema.ts";
import { localPlan } from "./plan.ts";

const namespace = "deepseek";
const monitoring = "monitoring";

export function local(settings: Settings) {
  const { edge, gateway, models, network, limits, redis, postgres, certificates } = settings;
  const watch = settings.monitoring;
  const image = (name: ImageName) => imageReference(settings.images, name);
  const volume = (storage: string) => volumeOf(settings, storage);
  const { longestStreamSeconds } = gateway;
  const names = models.map((model) => model.name);
  const services = names.map(modelService);
  const { callerRanges, dnsRanges } = network;
  const namespaces = [namespace, monitoring];
  const flows = serviceFlows({ service: namespace, monitoring, callerRanges });
  const servers = serverNames({
    service: namespace,
    monitoring,
    hosts: edge.hosts,
    models: services,
  });

  const provider = new k8s.Provider("cluster", cluster(settings));
  const places = new Namespaces("namespaces", { names: namespaces }, { provider });
  const inside: pulumi.ComponentResourceOptions = { provider, dependsOn: [places] };
  const walls = new NetworkPolicies("network-policies", { namespaces, flows, dnsRanges }, inside);
  const caps = namespaces.map(
    (name) => new NamespaceLimits(`limits-${name}`, { namespace: name, ...limits }, inside),
  );
  const tls = new Certificates("certificates", { servers, source: source(settings) }, inside);
  // No pod starts before the walls stand.
  const guarded: pulumi.ComponentResourceOptions = { provider, dependsOn: [walls, ...caps] };

  const keys = new ApiKeys("api-keys", { holders: holders(settings) });
  const quotas = new Redis(
    "redis",
    {
      namespace,
      image: image("redis"),
      certificate: tls.of("redis"),
      resources: redis.resources,
      volume: volume(redis.storage),
    },
    guarded,
  );
  const ledger = new Postgres(
    "postgres",
    {
      namespace,
      image: image("postgres"),
      certificate: tls.of("postgres"),
      resources: postgres.resources,
      volume: volume(postgres.storage),
    },
    guarded,
  );
  const serving = models.map(
    (model) =>
      new ModelServer(
        modelService(model.name),
        {
          ...model,
          namespace,
          image: image(model.server.engine),
          model: model.name,
          engine: model.server,
          certificate: tls.of("model"),
          longestStreamSeconds,
        },
        guarded,
      ),
  );
  const door = new Gateway(
    "gateway",
    {
      ...gateway,
      namespace,
      image: image("gateway"),
      certificate: tls.of("gateway"),
      redis: quotas,
      postgres: ledger,
      models: serving,
      tiers: tiers(settings),
      keys: keys.document,
    },
    guarded,
  );
  const front = new Edge(
    "edge",
    {
      ...edge,
      namespace,
      image: image("edge"),
      certificate: tls.of("edge"),
      longestStreamSeconds,
      gateway: door,
    },
    guarded,
  );
  const alerts = new Alertmanager(
    "alertmanager",
    {
      namespace: monitoring,
      image: image("alertmanager"),
      certificate: tls.of("alertmanager"),
      volume: volume("256Mi"),
      webhook: watch.webhook,
    },
    guarded,
  );
  const metrics = new Prometheus(
    "prometheus",
    {
      ...watch,
      namespace: monitoring,
      image: image("prometheus"),
      certificate: tls.of("prometheus"),
      volume: volume(watch.storage),
      jobs: scrapeJobs(namespace, names),
      alertmanager: alerts,
      nodePort: watch.nodePort,
    },
    guarded,
  );

  return {
    url: front.url,
    caCertificate: certificates.ca,
    apiKey: keys.first,
    prometheusUrl: metrics.url,
    models: names,
    plan: localPlan(settings),
  };
}

function cluster(settings: Settings): k8s.ProviderArgs {
  const { clusterIdentifier, context } = settings.cluster;
  return { clusterIdentifier, ...(context === undefined ? {} : { context }) };
}

function volumeOf({ storage }: Settings, size: string) {
  return { storage: size, storageClass: storage.class, onDestroy: storage.onDestroy };
}

function source({ tls, certificates }: Settings): CertificateSource {
  if (tls.mode === "given" || tls.issuer === undefined) return { mode: "given", ...certificates };
  return { mode: "certManager", issuer: tls.issuer };
}

function tiers({ quotas }: Settings) {
  return Object.fromEntries(
    Object.entries(quotas).map(([name, { requestsPerMinute, concurrentRequests }]) => [
      name,
      { requestsPerMinute, concurrency: concurrentRequests },
    ]),
  );
}

function holders({ identities }: Settings) {
  const [first, ...rest] = identities;
  if (first === undefined) throw new Error("the schema asks for at least one identity");
  return [first, ...rest] as const;
}
