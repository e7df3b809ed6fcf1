/**
 * What every site serves with, wherever it stands: walls, certificates, keys, gateway, edge, models
 * and monitoring. A site's own file brings the ground: the cluster's Pulumi provider and the stores.
 * Reads as an inventory; what a thing is made of stands in its component, what the settings say of
 * it in site-arguments.ts.
 */
import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { AlertRelay } from "../components/alert-relay.ts";
import { Alertmanager } from "../components/alertmanager.ts";
import { ApiKeys } from "../components/api-keys.ts";
import { Certificates } from "../components/certificates.ts";
import { Collector } from "../components/collector.ts";
import { Dashboards } from "../components/dashboards.ts";
import { Edge } from "../components/edge.ts";
import { ExternalSecrets } from "../components/external-secrets.ts";
import type { FineTuningHandle } from "../components/fine-tuning.ts";
import { Gateway } from "../components/gateway.ts";
import type { Archive } from "../components/gateway-archive.ts";
import { Grafana } from "../components/grafana.ts";
import { LogAgent } from "../components/log-agent.ts";
import { NamespaceLimits } from "../components/namespace-limits.ts";
import { Namespaces } from "../components/namespaces.ts";
import { NetworkPolicies } from "../components/network-policies.ts";
import { OperatorMonitoring } from "../components/operator-monitoring.ts";
import { Prometheus } from "../components/prometheus.ts";
import { GpuRuntime } from "../components/serving/gpu-runtime.ts";
import { ModelAccount } from "../components/serving/model-account.ts";
import { modelService } from "../components/serving/model-component.ts";
import { ModelServer } from "../components/serving/model-server.ts";
import { RealtimePriority } from "../components/serving/realtime-priority.ts";
import { ScaledModel } from "../components/serving/scaled-model.ts";
import { createModel, type WeightsGround } from "./gpu-models.ts";
import type { OwnStores, Secured, Stores } from "./own-stores.ts";
import type { SiteArguments } from "./site-arguments.ts";

type Options = pulumi.ComponentResourceOptions;

export interface Ground {
  readonly provider: k8s.Provider;
  /** Makes the stores, or hands over those that the cloud keeps. */
  readonly stores: (options: Options, tls: Secured) => Stores | OwnStores;
  /** Where weights are beside volumes; null: in volumes alone. */
  readonly weights: Omit<WeightsGround, "serviceAccount"> | null;
  /** The bucket that keeps the audit trail; absent: what the settings say. */
  readonly archive?: {
    readonly image: string;
    readonly region: string;
    readonly bucket: pulumi.Output<string>;
    readonly key: pulumi.Output<string>;
  };
  readonly fineTuning?: (options: Options) => FineTuningHandle | undefined;
  /** What else stands on the site, and nobody of the service asks. */
  readonly beside?: (options: Options, tls: Secured) => void;
}

export function service(site: SiteArguments, ground: Ground) {
  const { provider } = ground;
  const namespaces = new Namespaces("namespaces", site.namespaces, { provider });
  const inside = { provider, dependsOn: [namespaces] };
  const walls = new NetworkPolicies("network-policies", site.networkPolicies, inside);
  const limits = site.limits.map(
    (limit) => new NamespaceLimits(`limits-${limit.namespace}`, limit, inside),
  );
  const tls = new Certificates("certificates", site.certificates, inside);
  const secured: Secured = (program) => ({ certificate: tls.of(program) });
  const keys = new ApiKeys("api-keys", site.apiKeys);
  const given =
    site.externalSecrets === null
      ? []
      : [new ExternalSecrets("external-secrets", site.externalSecrets, inside)];

  // No pod starts before the walls stand.
  const guarded = { provider, dependsOn: [walls, ...limits, ...given] };
  const stores = ground.stores(guarded, secured);
  const { redis, postgres } = stores;
  const models = [
    ...site.simulated.map(
      (model) =>
        new ModelServer(modelService(model.model), { ...model, ...secured("model") }, guarded),
    ),
    ...modelsOnGpus(site, ground, secured, guarded),
  ];
  const fineTuning = ground.fineTuning?.(guarded);
  const peers = { redis, postgres, models, keys: keys.document, fineTuning };
  const gateway = new Gateway(
    "gateway",
    { ...site.gateway, ...secured("gateway"), ...peers, archive: archiveOf(site, ground) },
    guarded,
  );
  const edge = new Edge("edge", { ...site.edge, ...secured("edge"), gateway }, guarded);
  const prometheusUrl = watch(site, secured, guarded);
  collectors(site, secured, guarded);
  grafanaOf(site, secured, guarded);
  for (const scaled of site.scaled) {
    new ScaledModel(`scaled-${modelService(scaled.model)}`, scaled, guarded);
  }
  ground.beside?.(guarded, secured);

  return {
    url: edge.url,
    consoleUrl: edge.url.apply((url) => `${url}/console`),
    caCertificate: site.caCertificate,
    apiKey: keys.first,
    apiKeys: keys.all,
    adminUser: gateway.administrator,
    adminPassword: gateway.administratorPassword,
    prometheusUrl,
    models: site.modelNames,
    replication: "replication" in stores ? (stores.replication ?? null) : null,
  };
}

/** Where lines and spans are kept somewhere. */
function collectors({ collector, logAgent }: SiteArguments, secured: Secured, options: Options) {
  if (collector === null) return;
  const front = new Collector("collector", { ...collector, ...secured("collector") }, options);
  if (logAgent === null) return;
  const agent = { ...logAgent, ...secured("log-agent"), collector: front };
  new LogAgent("log-agent", agent, options);
}

/** Who watches: Prometheus and Alertmanager of the stack's own, the cluster's, or both. Where it answers. */
function watch(site: SiteArguments, secured: Secured, options: Options): pulumi.Output<string> {
  const { operator } = site;
  if (operator !== null) new OperatorMonitoring("operator-monitoring", operator, options);
  if (operator?.alone !== undefined) return pulumi.output(operator.url ?? "");
  const relay =
    site.alertRelay === null
      ? undefined
      : new AlertRelay("alert-relay", { ...site.alertRelay, ...secured("alert-relay") }, options);
  const alertmanager = new Alertmanager(
    "alertmanager",
    { ...site.alertmanager, ...secured("alertmanager"), relay },
    options,
  );
  const prometheus = new Prometheus(
    "prometheus",
    { ...site.prometheus, ...secured("prometheus"), alertmanager },
    options,
  );
  return prometheus.url;
}

/** Dashboards, and a Grafana over them where the site has none. */
function grafanaOf({ dashboards, grafana }: SiteArguments, secured: Secured, options: Options) {
  if (dashboards === null) return;
  const { names } = new Dashboards("dashboards", dashboards, options);
  if (grafana === null) return;
  new Grafana("grafana", { ...grafana, ...secured("grafana"), dashboards: names }, options);
}

function archiveOf({ gateway }: SiteArguments, { archive }: Ground): Archive | undefined {
  if (archive === undefined) return gateway.archive;
  const { image, ...place } = archive;
  return { image, place: { kind: "cloud", ...place } };
}

function modelsOnGpus(site: SiteArguments, ground: Ground, secured: Secured, options: Options) {
  if (site.gpuModels.length === 0) return [];
  const { mode } = site.gpuRuntime;
  new GpuRuntime(
    "gpu-runtime",
    mode === "operator" ? site.gpuRuntime : { ...site.gpuRuntime, ...secured("gpu-exporter") },
    options,
  );
  const ranks = site.priorities.map((rank) => new RealtimePriority(rank.name, rank, options));
  const account = new ModelAccount("model-account", site.modelAccount, options);
  const weights =
    ground.weights === null ? null : { ...ground.weights, serviceAccount: account.account };
  const after = { ...options, dependsOn: [options.dependsOn ?? [], ...ranks].flat() };
  return site.gpuModels.map((model) =>
    createModel(model, { ...secured("model"), weights }, after as Options),
  );
}
