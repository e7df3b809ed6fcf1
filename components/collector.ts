/**
 * The site's OpenTelemetry Collector: takes log records of the agents and spans of the gateways, keeps
 * them on a disk of its own, and sends them to the stores that the settings name. Alone among the
 * programs that watch it may leave the site for that, and knows the stores' tokens.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import {
  COLLECTOR_FEATURES,
  COLLECTOR_PORTS,
  collectorConfiguration,
  type Store,
} from "../observability/collector/configuration.ts";
import { type CertificateHandle, TLS_FOLDER } from "./certificates.ts";
import { after, Component, labelsOf } from "./component.ts";
import type { Mount, Program, Resources } from "./pod-template.ts";
import { disruptionBudget } from "./replicated-program.ts";
import { checksumOf, secretData } from "./secret-data.ts";
import { probeBudget } from "./sizing/probes.ts";
import { mebibytes } from "./sizing/quantity.ts";
import {
  DATA_VOLUME,
  hostOf,
  service,
  statefulSet,
  type VolumeSettings,
} from "./stateful-program.ts";

export interface StoreArgs {
  readonly url: string;
  readonly tenant?: string | undefined;
  /** Shown as `Authorization: Bearer`. */
  readonly token?: string | undefined;
  /** Who signs the store's certificate, PEM; absent: the public authorities. */
  readonly authority?: string | undefined;
}

export interface CollectorArgs {
  readonly namespace: string;
  readonly image: string;
  readonly certificate: CertificateHandle;
  readonly replicas: number;
  readonly resources: Resources;
  readonly volume: VolumeSettings;
  readonly stores: {
    readonly logs?: StoreArgs | undefined;
    readonly traces?: StoreArgs | undefined;
  };
}

export interface CollectorHandle {
  /** https://host:port, as agents and gateways send to it. */
  readonly address: pulumi.Output<string>;
}

export const COLLECTOR = "collector";
export const COLLECTOR_INGEST_PORT = COLLECTOR_PORTS.otlp;
export const COLLECTOR_METRICS_PORT = COLLECTOR_PORTS.metrics;
export const COLLECTOR_METRICS = `${COLLECTOR}-metrics`;
export const COLLECTOR_FOLDER = "/etc/collector";
export const COLLECTOR_DATA = "/var/lib/collector";
export const COLLECTOR_FILE = "collector.yaml";
const STORES_FOLDER = "/etc/stores";
const START_SECONDS = 3;
/** Batches on the way are sent or left on the disk; then it ends. */
export const COLLECTOR_STOP_SECONDS = 30;

export class Collector extends Component implements CollectorHandle {
  readonly address: pulumi.Output<string>;

  constructor(name: string, args: CollectorArgs, options?: pulumi.ComponentResourceOptions) {
    super("monitoring:Collector", name, options);
    const parent = { parent: this };
    const { namespace, volume, replicas } = args;
    const text = collectorConfiguration({
      tlsFolder: TLS_FOLDER,
      dataFolder: COLLECTOR_DATA,
      diskMebibytes: mebibytes(volume.storage),
      stores: { logs: storeOf("logs", args), traces: storeOf("traces", args) },
    });
    const metadata = { name: `${COLLECTOR}-configuration`, namespace, labels: labelsOf(COLLECTOR) };
    const configuration = new k8s.core.v1.ConfigMap(
      `${name}-configuration`,
      { metadata, data: { [COLLECTOR_FILE]: text } },
      parent,
    );
    const secrets = storeSecrets(args);
    const stores = new k8s.core.v1.Secret(
      `${name}-stores`,
      { metadata: { ...metadata, name: `${COLLECTOR}-stores` }, data: secretData(secrets) },
      parent,
    );
    const program = collectorProgram(args, {
      configuration: after(configuration, metadata.name),
      stores: after(stores, `${COLLECTOR}-stores`),
      // Tokens are read again by themselves; an authority is read at the start only.
      checksum: checksumOf(text, ...authoritiesOf(args)),
    });
    new k8s.apps.v1.StatefulSet(name, statefulSet(namespace, program, volume, replicas), parent);
    const budget = disruptionBudget({
      ...{ namespace, name: COLLECTOR, program, replicas },
      ...{ startSeconds: START_SECONDS, surge: 0 },
    });
    if (budget !== undefined) new k8s.policy.v1.PodDisruptionBudget(name, budget, parent);
    const front = new k8s.core.v1.Service(name, frontOf(namespace, COLLECTOR, "otlp"), parent);
    new k8s.core.v1.Service(
      `${name}-metrics`,
      { ...frontOf(namespace, COLLECTOR_METRICS, "metrics") },
      parent,
    );
    this.address = after(front, collectorAddress(namespace));
    this.registerOutputs({ address: this.address });
  }
}

export function collectorAddress(namespace: string): string {
  return `https://${hostOf(COLLECTOR, namespace)}:${COLLECTOR_PORTS.otlp}`;
}

function frontOf(namespace: string, name: string, port: "otlp" | "metrics") {
  return service({
    ...{ name, namespace, program: COLLECTOR },
    ports: [{ name: port, port: COLLECTOR_PORTS[port] }],
    ...(port === "metrics" ? { headless: "all" as const } : {}),
  });
}

function storeOf(signal: "logs" | "traces", { stores }: CollectorArgs): Store | undefined {
  const store = stores[signal];
  if (store === undefined) return undefined;
  const { url, tenant, token, authority } = store;
  return {
    url,
    ...(authority === undefined ? {} : { authorityFile: `${STORES_FOLDER}/${signal}.crt` }),
    ...(token === undefined ? {} : { tokenFile: `${STORES_FOLDER}/${signal}.token` }),
    ...(tenant === undefined ? {} : { headers: { "X-Scope-OrgID": tenant } }),
  };
}

function storeSecrets({ stores }: CollectorArgs): Record<string, string> {
  return Object.fromEntries(
    Object.entries(stores).flatMap(([signal, store]) => [
      ...(store?.token === undefined ? [] : [[`${signal}.token`, store.token]]),
      ...(store?.authority === undefined ? [] : [[`${signal}.crt`, store.authority]]),
    ]),
  );
}

function authoritiesOf({ stores }: CollectorArgs): string[] {
  return Object.values(stores).flatMap((store) => store?.authority ?? []);
}

interface CollectorFiles {
  readonly configuration: pulumi.Output<string>;
  readonly stores: pulumi.Output<string>;
  readonly checksum: pulumi.Input<string>;
}

function collectorProgram(args: CollectorArgs, files: CollectorFiles): Program {
  return {
    name: COLLECTOR,
    image: args.image,
    args: collectorArguments(),
    environment: collectorEnvironment(args.resources),
    ports: { otlp: COLLECTOR_PORTS.otlp, metrics: COLLECTOR_PORTS.metrics },
    resources: args.resources,
    mounts: [
      { name: "configuration", path: COLLECTOR_FOLDER, configMap: files.configuration },
      // Read again every hour, so that a renewed certificate needs no restart.
      { name: "tls", path: TLS_FOLDER, secret: args.certificate.secret },
      { name: "stores", path: STORES_FOLDER, secret: files.stores },
      { name: DATA_VOLUME, path: COLLECTOR_DATA, claim: true } satisfies Mount,
    ],
    health: {
      budget: probeBudget(START_SECONDS),
      ready: { https: "/", port: COLLECTOR_PORTS.health },
    },
    apart: true,
    terminationSeconds: COLLECTOR_STOP_SECONDS,
    checksum: files.checksum,
  };
}

export function collectorArguments(): string[] {
  return [
    `--config=${COLLECTOR_FOLDER}/${COLLECTOR_FILE}`,
    `--feature-gates=${COLLECTOR_FEATURES}`,
  ];
}

/** Go collects before the kernel ends it; what the limiter allows is below that (75 %). */
export function collectorEnvironment({ memory }: Resources): Record<string, string> {
  return { GOMEMLIMIT: `${Math.floor(mebibytes(memory) * 0.85)}MiB` };
}
