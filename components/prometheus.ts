/** Prometheus: scrapes over verified TLS, found by DNS, without any right in the cluster. */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { JOBS } from "../observability/jobs.ts";
import {
  type PrometheusSettings,
  prometheusConfiguration,
  prometheusRules,
  type ScrapeJob,
  webConfiguration,
} from "../observability/prometheus-files.ts";
import { type RemoteWrite, remoteWriteFiles } from "../observability/remote-write.ts";
import { NO_LINKS } from "../observability/rules/rule.ts";
import type { AlertmanagerHandle } from "./alertmanager.ts";
import { type CertificateHandle, TLS_FOLDER } from "./certificates.ts";
import { after, Component, labelsOf } from "./component.ts";
import type { Program, Resources } from "./pod-template.ts";
import { checksumOf, secretData } from "./secret-data.ts";
import { probeBudget } from "./sizing/probes.ts";
import {
  DATA_VOLUME,
  hostOf,
  service,
  statefulSet,
  type VolumeSettings,
} from "./stateful-program.ts";

export interface PrometheusArgs {
  readonly namespace: string;
  readonly image: string;
  readonly certificate: CertificateHandle;
  readonly resources: Resources;
  readonly volume: VolumeSettings;
  readonly retentionDays: number;
  /** By arithmetic (sizing/monitoring.ts): neither a query nor the disk may end it. */
  readonly limits: {
    readonly goMebibytes: number;
    readonly querySamples: number;
    readonly blocksMebibytes: number;
  };
  readonly scrapeSeconds: number;
  readonly jobs: readonly ScrapeJob[];
  /** Jobs whose silence is no alarm: model servers that come only when somebody asks. */
  readonly idleJobs: readonly string[];
  readonly alertmanager: AlertmanagerHandle;
  /** Whose alerts these are, where one Alertmanager's channels serve several sites. */
  readonly site: string;
  /** Where runbooks and dashboards are, as alerts point to them. */
  readonly links: {
    readonly runbooks: string | undefined;
    readonly dashboards: string | undefined;
  };
  /** Where samples are written beside; undefined: nowhere. */
  readonly remoteWrite?: RemoteWrite | undefined;
  /** Undefined: reached inside the cluster only. */
  readonly nodePort: number | undefined;
}

export const PROMETHEUS = "prometheus";
export const PROMETHEUS_PORT = 9090;
const CONFIGURATION = "prometheus-configuration";
const CONFIGURATION_FOLDER = "/etc/prometheus";
const DATA_FOLDER = "/prometheus";
const REMOTE_WRITE = "prometheus-remote-write";
const REMOTE_WRITE_FOLDER = "/etc/prometheus-remote-write";
/** The replay of its log after a crash. */
const START_SECONDS = 20;

export class Prometheus extends Component {
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: PrometheusArgs, options?: pulumi.ComponentResourceOptions) {
    super("monitoring:Prometheus", name, options);
    const parent = { parent: this };
    const files = args.alertmanager.address.apply((address) => configurationFiles(args, address));
    const configuration = new k8s.core.v1.ConfigMap(
      `${name}-configuration`,
      {
        metadata: {
          name: CONFIGURATION,
          namespace: args.namespace,
          labels: labelsOf(PROMETHEUS),
        },
        data: files,
      },
      parent,
    );
    const checksum = checksumOf(files.apply((known) => JSON.stringify(known)));
    const program = prometheusProgram(args, {
      configuration: after(configuration, CONFIGURATION),
      remoteWrite: remoteWriteSecret(name, args, parent),
      checksum,
    });
    new k8s.apps.v1.StatefulSet(name, statefulSet(args.namespace, program, args.volume), parent);
    const port = { name: "web", port: PROMETHEUS_PORT };
    const front = new k8s.core.v1.Service(
      name,
      service({
        name: PROMETHEUS,
        namespace: args.namespace,
        program: PROMETHEUS,
        ports: [args.nodePort === undefined ? port : { ...port, nodePort: args.nodePort }],
      }),
      parent,
    );
    const inside = `https://${hostOf(PROMETHEUS, args.namespace)}:${PROMETHEUS_PORT}`;
    const { nodePort } = args;
    this.url = after(front, nodePort === undefined ? inside : `https://localhost:${nodePort}`);
    this.registerOutputs({ url: this.url });
  }
}

function configurationFiles(args: PrometheusArgs, alertmanager: string): Record<string, string> {
  const settings: PrometheusSettings = {
    scrapeSeconds: args.scrapeSeconds,
    site: args.site,
    jobs: args.jobs,
    alertmanager,
    self: hostOf(PROMETHEUS, args.namespace),
    tlsFolder: TLS_FOLDER,
    rulesFolder: CONFIGURATION_FOLDER,
    remoteWrite: args.remoteWrite && { to: args.remoteWrite, filesFolder: REMOTE_WRITE_FOLDER },
  };
  return {
    "prometheus.yml": prometheusConfiguration(settings),
    "rules.yml": prometheusRules(
      [...args.jobs.map(({ job }) => job), JOBS.alertmanager].filter(
        (job) => !args.idleJobs.includes(job),
      ),
      {
        runbooks: args.links.runbooks ?? NO_LINKS.runbooks,
        dashboards: args.links.dashboards ?? NO_LINKS.dashboards,
      },
    ),
    "web.yml": webConfiguration(TLS_FOLDER),
  };
}

/** Read anew at every request: a new token needs no restart. */
function remoteWriteSecret(
  name: string,
  { remoteWrite, namespace }: PrometheusArgs,
  parent: pulumi.CustomResourceOptions,
): pulumi.Output<string> | null {
  if (remoteWrite === undefined) return null;
  const secret = new k8s.core.v1.Secret(
    `${name}-remote-write`,
    {
      metadata: { name: REMOTE_WRITE, namespace, labels: labelsOf(PROMETHEUS) },
      data: secretData(remoteWriteFiles(remoteWrite)),
    },
    parent,
  );
  return after(secret, REMOTE_WRITE);
}

interface Mounted {
  readonly configuration: pulumi.Output<string>;
  readonly remoteWrite: pulumi.Output<string> | null;
  readonly checksum: pulumi.Output<string>;
}

function prometheusProgram(
  args: PrometheusArgs,
  { configuration, remoteWrite, checksum }: Mounted,
): Program {
  return {
    name: PROMETHEUS,
    image: args.image,
    args: [
      `--config.file=${CONFIGURATION_FOLDER}/prometheus.yml`,
      `--web.config.file=${CONFIGURATION_FOLDER}/web.yml`,
      `--storage.tsdb.path=${DATA_FOLDER}`,
      `--storage.tsdb.retention.time=${args.retentionDays}d`,
      // Whichever comes first: samples of the last days are worth more than a full disk.
      `--storage.tsdb.retention.size=${args.limits.blocksMebibytes}MB`,
      "--query.timeout=30s",
      `--query.max-samples=${args.limits.querySamples}`,
      "--log.format=json",
    ],
    environment: { GOMEMLIMIT: `${args.limits.goMebibytes}MiB` },
    ports: { web: PROMETHEUS_PORT },
    resources: args.resources,
    mounts: [
      { name: "configuration", path: CONFIGURATION_FOLDER, configMap: configuration },
      // Read anew at every handshake, so a renewed certificate needs no restart.
      { name: "tls", path: TLS_FOLDER, secret: args.certificate.secret },
      ...(remoteWrite === null
        ? []
        : [{ name: "remote-write", path: REMOTE_WRITE_FOLDER, secret: remoteWrite }]),
      { name: DATA_VOLUME, path: DATA_FOLDER, claim: true },
    ],
    health: {
      budget: probeBudget(START_SECONDS),
      ready: { https: "/-/ready", port: PROMETHEUS_PORT },
      alive: { https: "/-/healthy", port: PROMETHEUS_PORT },
    },
    terminationSeconds: 60,
    checksum,
  };
}
