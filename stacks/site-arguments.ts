/**
 * What each component of a site is told by the settings. The stack adds the handles of its peers.
 * Pure: no resource is made here.
 */
import type * as k8s from "@pulumi/kubernetes";
import { ALERTMANAGER_STORAGE } from "../components/alertmanager.ts";
import type { ApiKeyHolder } from "../components/api-keys.ts";
import type { CertificateSource } from "../components/certificates.ts";
import { scrapeJobs } from "../components/scrape-jobs.ts";
import { serverNames } from "../components/server-names.ts";
import { serviceFlows } from "../components/service-flows.ts";
import { modelService } from "../components/serving/model-server.ts";
import { imageReference } from "../config/images.ts";
import type { ImageName, Settings } from "../config/schema.ts";

const service = "deepseek";
const monitoring = "monitoring";

export function siteArguments(settings: Settings) {
  const { edge, gateway, models, redis, postgres, limits, certificates } = settings;
  const image = (name: ImageName) => imageReference(settings.images, name);
  const images = (name: "edge" | "redis" | "postgres") => ({
    image: image(name),
    exporterImage: image(`${name}-exporter`),
  });
  const { longestStreamSeconds } = gateway;
  const inService = { namespace: service };
  const namespaces = [service, monitoring];
  return {
    provider: provider(settings),
    namespaces: { names: namespaces },
    limits: namespaces.map((namespace) => ({ namespace, ...limits })),
    networkPolicies: networkPolicies(settings, namespaces),
    certificates: { servers: servers(settings), source: source(settings) },
    apiKeys: { holders: holders(settings) },
    redis: { ...inService, ...images("redis"), ...store(settings, redis) },
    postgres: { ...inService, ...images("postgres"), ...store(settings, postgres) },
    models: models.map((model) => ({
      ...model,
      ...inService,
      image: image(model.server.engine),
      model: model.name,
      engine: model.server,
      longestStreamSeconds,
    })),
    gateway: {
      ...gateway,
      outside: settings.outside,
      clientCertificates: edge.clientAuthorities !== undefined,
      auditDays: settings.retention.auditDays,
      ...inService,
      image: image("gateway"),
      tiers: tiers(settings),
      volume: volume(settings, gateway.storage),
    },
    edge: { ...edge, ...inService, ...images("edge"), longestStreamSeconds },
    alertmanager: alertmanager(settings, image("alertmanager")),
    prometheus: prometheus(settings, image("prometheus")),
    caCertificate: certificates.ca,
    modelNames: models.map((model) => model.name),
  };
}

function provider({ cluster }: Settings): k8s.ProviderArgs {
  const { clusterIdentifier, context } = cluster;
  return {
    clusterIdentifier,
    ...(context === undefined ? {} : { context }),
    // Our names are fixed: a replacement would delete what running pods have mounted. Programs that
    // read a file at their start only are rolled by its checksum instead.
    enableConfigMapMutable: true,
    enableSecretMutable: true,
  };
}

function networkPolicies({ network, outside }: Settings, namespaces: readonly string[]) {
  const { callerRanges, dnsRanges } = network;
  return {
    namespaces,
    flows: serviceFlows({ service, monitoring, callerRanges, outside }),
    dnsRanges,
  };
}

function servers({ edge, models }: Settings) {
  const services = models.map((model) => modelService(model.name));
  return serverNames({ service, monitoring, hosts: edge.hosts, models: services });
}

function source({ tls, certificates }: Settings): CertificateSource {
  if (tls.mode === "given" || tls.issuer === undefined) return { mode: "given", ...certificates };
  return { mode: "certManager", issuer: tls.issuer };
}

function holders({ identities }: Settings): readonly [ApiKeyHolder, ...ApiKeyHolder[]] {
  const [first, ...rest] = identities;
  if (first === undefined) throw new Error("the schema asks for at least one identity");
  return [first, ...rest];
}

function tiers({ quotas }: Settings) {
  const entries = Object.entries(quotas).map(([name, { concurrentRequests, ...limits }]) => {
    const named = Object.entries({ ...limits, concurrency: concurrentRequests });
    return [name, Object.fromEntries(named.filter(([, limit]) => limit !== undefined))];
  });
  return Object.fromEntries(entries) as Record<string, Record<string, number>>;
}

function store(settings: Settings, { resources, storage }: Settings["redis"]) {
  return { resources, volume: volume(settings, storage) };
}

function volume({ storage }: Settings, size: string) {
  return { storage: size, storageClass: storage.class, onDestroy: storage.onDestroy };
}

function alertmanager(settings: Settings, image: string) {
  const { webhook } = settings.monitoring;
  return { namespace: monitoring, image, webhook, volume: volume(settings, ALERTMANAGER_STORAGE) };
}

function prometheus(settings: Settings, image: string) {
  const { storage, nodePort, ...rest } = settings.monitoring;
  const names = settings.models.map((model) => model.name);
  const [edgeHost] = settings.edge.hosts;
  if (edgeHost === undefined) throw new Error("the schema asks for at least one host");
  const jobs = scrapeJobs({ namespace: service, models: names, edgeHost });
  return {
    ...rest,
    namespace: monitoring,
    image,
    nodePort,
    jobs,
    volume: volume(settings, storage),
  };
}
