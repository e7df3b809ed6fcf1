/**
 * What each component of a site is told by the settings. The stack adds the handles of its peers.
 * Pure: no resource is made here.
 */
import type * as k8s from "@pulumi/kubernetes";
import type { ApiKeyHolder } from "../components/api-keys.ts";
import type { CertificateSource } from "../components/certificates.ts";
import type { Tier } from "../components/gateway-files.ts";
import { GRAFANA } from "../components/grafana.ts";
import { PATIENTS } from "../components/patient-store.ts";
import { clusterService } from "../components/postgres-cluster.ts";
import { serverNames } from "../components/server-names.ts";
import { serviceFlows } from "../components/service-flows.ts";
import { GPU_METRICS, GPU_NAMESPACE_EXEMPTION } from "../components/serving/gpu-runtime.ts";
import { modelService } from "../components/serving/model-component.ts";
import type { ServedModel } from "../components/sizing/served-models.ts";
import { hostOf } from "../components/stateful-program.ts";
import { imageReference } from "../config/images.ts";
import type { Settings } from "../config/schema.ts";
import { alertRelayFlows, alertRelayServers, directChannels } from "./alert-arguments.ts";
import { archiveArguments, archiveFlow, isArchived } from "./archive-arguments.ts";
import {
  collectorArguments,
  collectorFlows,
  collectorServers,
  logAgentArguments,
  logNamespaces,
  outsideArguments,
} from "./collector-arguments.ts";
import { dashboardArguments } from "./dashboard-arguments.ts";
import { externalSecretsArguments } from "./given-secrets.ts";
import {
  gpuFlows,
  gpuRuntimeArguments,
  priorities,
  scaledArguments,
  withGpuPods,
} from "./gpu-arguments.ts";
import { gpuModelArguments } from "./gpu-models.ts";
import { mirrorFlowsOf } from "./mirror-arguments.ts";
import {
  grafanaFlow,
  grafanaHosts,
  monitoringArguments,
  remoteWriteFlow,
} from "./monitoring-arguments.ts";
import { operatorArguments } from "./operator-arguments.ts";
import { GPU_NAMESPACE, httpsPort, MONITORING, PATIENT_NAMESPACE, SERVICE } from "./places.ts";
import { restoreTestArguments, restoreTestFlow, restoreTestServers } from "./restore-arguments.ts";
import { hasGpuDaemons, servedModels } from "./site-models.ts";
import {
  LEDGER_COPY,
  ledgerCopyArguments,
  postgresClusterArguments,
  redisLink,
  storePlaces,
} from "./store-arguments.ts";
import { volumeOf } from "./volumes.ts";
import { watcherOf } from "./watcher.ts";

const [service, monitoring] = [SERVICE, MONITORING];
/** Where callers of a balancer expect HTTPS. */
const BALANCER_PORT = 443;

export type SiteArguments = ReturnType<typeof siteArguments>;

export function siteArguments(settings: Settings) {
  const served = servedModels(settings);
  return {
    ...groundArguments(settings, served),
    ...storeArguments(settings),
    ...modelArguments(settings, served),
    ...frontArguments(settings),
    caCertificate: settings.certificates?.ca ?? null,
    modelNames: settings.models.map((model) => model.name),
  };
}

/** What stands before the first pod. */
function groundArguments(settings: Settings, served: readonly ServedModel[]) {
  const { limits, patientData } = settings;
  const namespaces = [service, monitoring];
  const daemons = hasGpuDaemons(settings);
  return {
    provider: provider(settings),
    namespaces: {
      names: [
        ...namespaces,
        ...(daemons ? [GPU_NAMESPACE] : []),
        ...(patientData === undefined ? [] : [PATIENT_NAMESPACE]),
        ...Object.keys(logNamespaces(settings)),
      ],
      exempted: {
        ...(daemons ? { [GPU_NAMESPACE]: GPU_NAMESPACE_EXEMPTION } : {}),
        ...logNamespaces(settings),
      },
    },
    limits: [
      { namespace: service, ...withGpuPods(limits, served) },
      { namespace: monitoring, ...limits },
    ],
    networkPolicies: networkPolicies(
      settings,
      [...namespaces, ...(daemons ? [GPU_NAMESPACE] : []), ...Object.keys(logNamespaces(settings))],
      served,
    ),
    certificates: { servers: servers(settings), source: source(settings) },
    apiKeys: { holders: holders(settings) },
    externalSecrets: externalSecretsArguments(settings),
  };
}

/** Of stores that the site keeps itself. */
function storeArguments(settings: Settings) {
  const { redis, postgres } = settings;
  return {
    redis: {
      namespace: service,
      ...withExporter(settings, "redis"),
      ...store(settings, redis),
      replicas: redis.replicas,
      oneNode: settings.environment === "local",
      generation: settings.rotation.quotas,
      link: redisLink(settings),
    },
    postgresCluster: postgresClusterArguments(settings),
    ledgerCopy: ledgerCopyArguments(settings),
    restoreTest: restoreTestArguments(settings),
    postgres: {
      namespace: service,
      ...withExporter(settings, "postgres"),
      ...store(settings, postgres),
      generation: settings.rotation.ledger,
    },
  };
}

function modelArguments(settings: Settings, served: readonly ServedModel[]) {
  const { longestStreamSeconds } = settings.gateway;
  return {
    simulated: settings.models.flatMap(({ server, ...model }) =>
      server.engine === "simulator"
        ? [
            {
              ...model,
              namespace: service,
              image: imageReference(settings, "simulator"),
              model: model.name,
              engine: server,
              resources: server.resources,
              longestStreamSeconds,
            },
          ]
        : [],
    ),
    gpuModels: gpuModelArguments(settings, served),
    gpuRuntime: gpuRuntimeArguments(settings),
    modelAccount: { namespace: service },
    priorities: priorities(settings),
    scaled: scaledArguments(settings, served),
  };
}

/** What callers meet, and what watches. */
function frontArguments(settings: Settings) {
  const { edge, environment, gateway, cloud, retention, rotation, site } = settings;
  const { longestStreamSeconds } = gateway;
  return {
    gateway: {
      ...gateway,
      site,
      outside: outsideArguments(settings),
      storesAuthority: cloud?.authorities,
      clientCertificates: edge.clientAuthorities !== undefined,
      auditDays: retention.auditDays,
      generations: { tokens: rotation.tokens, data: rotation.data },
      // On a machine of one's own the first sign-in is a trial; anywhere else it guards other people.
      adminTotp: environment === "local" ? ("optional" as const) : ("required" as const),
      archive: archiveArguments(settings),
      namespace: service,
      image: imageReference(settings, "gateway"),
      tiers: tiers(settings),
      wordLists: settings.wordLists.map(({ name: id, ...list }) => ({ id, ...list })),
      tokenIssuers: settings.tokenIssuers.map(({ ranges: _ranges, ...issuer }) => issuer),
      volume: volumeOf(settings, gateway.storage),
    },
    edge: {
      ...edge,
      namespace: service,
      ...withExporter(settings, "edge"),
      longestStreamSeconds,
      balancer:
        cloud === undefined ? undefined : { port: BALANCER_PORT, ranges: [cloud.network.range] },
    },
    ...monitoringArguments(settings),
    dashboards: dashboardArguments(settings),
    collector: collectorArguments(settings),
    logAgent: logAgentArguments(settings),
    operator: operatorArguments(settings),
  };
}

function withExporter(settings: Settings, name: "edge" | "redis" | "postgres") {
  return {
    image: imageReference(settings, name),
    exporterImage: imageReference(settings, `${name}-exporter`),
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

function networkPolicies(
  settings: Settings,
  namespaces: readonly string[],
  served: readonly ServedModel[],
) {
  const { callerRanges, dnsRanges } = settings.network;
  const { outside } = settings;
  return {
    namespaces,
    flows: [
      ...serviceFlows({
        service,
        monitoring,
        callerRanges,
        outside,
        tokenIssuers: settings.tokenIssuers.map(({ ranges, jwksUri }) => ({
          ranges,
          ports: [httpsPort(jwksUri)],
        })),
        channels: directChannels(settings),
        remoteWrite: remoteWriteFlow(settings),
        grafana: grafanaFlow(settings),
        watcher: watcherOf(settings),
        archive: archiveFlow(settings),
        archived: isArchived(settings),
        restoreTest: restoreTestFlow(settings),
        ...storePlaces(settings),
        ...(settings.fineTuning === undefined ? {} : { apiServer: settings.network.apiServer }),
        ...(settings.cloud === undefined ? {} : { balancerRanges: [settings.cloud.network.range] }),
      }),
      ...gpuFlows(settings, served),
      ...mirrorFlowsOf(settings),
      ...collectorFlows(settings),
      ...alertRelayFlows(settings),
    ],
    dnsRanges,
  };
}

function servers(settings: Settings) {
  const { edge, models, patientData, site } = settings;
  const services = models.map((model) => modelService(model.name));
  const grafana = grafanaHosts(settings);
  return [
    ...serverNames({
      service,
      monitoring,
      hosts: edge.hosts,
      models: services,
      reach: site.reach,
    }),
    ...(hasGpuDaemons(settings)
      ? [
          {
            program: "gpu-exporter",
            namespace: GPU_NAMESPACE,
            hosts: [hostOf(GPU_METRICS, GPU_NAMESPACE)],
          },
        ]
      : []),
    ...collectorServers(settings),
    ...alertRelayServers(settings),
    ...restoreTestServers(settings),
    ...(site.other === undefined
      ? []
      : [
          {
            program: "postgres-replication",
            namespace: service,
            hosts: ["streaming-replica"],
            client: "streaming_replica",
          },
        ]),
    ...(site.other?.serves === true
      ? [
          {
            program: LEDGER_COPY,
            namespace: service,
            hosts: [hostOf(clusterService(LEDGER_COPY), service)],
          },
        ]
      : []),
    ...(grafana === undefined ? [] : [{ program: GRAFANA, namespace: monitoring, hosts: grafana }]),
    ...(patientData === undefined
      ? []
      : [
          {
            program: PATIENTS,
            namespace: PATIENT_NAMESPACE,
            hosts: [hostOf(clusterService(PATIENTS), PATIENT_NAMESPACE)],
          },
        ]),
  ];
}

function source({ tls, certificates }: Settings): CertificateSource {
  if (tls.issuer !== undefined && tls.mode === "certManager") {
    return { mode: "certManager", issuer: tls.issuer };
  }
  if (certificates === undefined) throw new Error("the schema asks for given certificates");
  return { mode: "given", ...certificates };
}

function holders({ identities }: Settings): readonly [ApiKeyHolder, ...ApiKeyHolder[]] {
  const [first, ...rest] = identities;
  if (first === undefined) throw new Error("the schema asks for at least one identity");
  return [first, ...rest];
}

function tiers({ quotas }: Settings): Record<string, Tier> {
  const entries = Object.entries(quotas).map(([name, quota]): [string, Tier] => {
    const { concurrentRequests, waitMs, ...limits } = quota;
    const named = Object.entries({
      ...{ ...limits, concurrency: concurrentRequests },
      overQuota: waitMs === undefined ? undefined : ({ action: "queue", waitMs } as const),
    });
    return [
      name,
      Object.fromEntries(named.flatMap(([key, v]) => (v === undefined ? [] : [[key, v]]))),
    ];
  });
  return Object.fromEntries(entries);
}

function store(
  settings: Settings,
  { resources, storage }: Pick<Settings["redis"], "resources" | "storage">,
) {
  return { resources, volume: volumeOf(settings, storage) };
}
