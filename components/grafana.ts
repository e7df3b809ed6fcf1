/**
 * Grafana over the stack's Prometheus: everything provisioned and read-only, people signed in by the site's OpenID
 * Connect provider or one generated password, nothing installed and nobody called.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import {
  GRAFANA_SECRETS,
  grafanaConfiguration,
  grafanaDatasources,
  grafanaProviders,
  type Oidc,
  PROMETHEUS_CA_VARIABLE,
} from "../observability/grafana-files.ts";
import { type CertificateHandle, TLS_FOLDER } from "./certificates.ts";
import { after, Component, labelsOf } from "./component.ts";
import type { Program, Resources } from "./pod-template.ts";
import { deployment } from "./replicated-program.ts";
import { checksumOf, randomPassword, secretData } from "./secret-data.ts";
import { probeBudget } from "./sizing/probes.ts";
import { service } from "./stateful-program.ts";

export interface GrafanaArgs {
  readonly namespace: string;
  readonly image: string;
  readonly certificate: CertificateHandle;
  readonly resources: Resources;
  /** Where people open it. */
  readonly url: string;
  /** Undefined: reached inside the cluster only. */
  readonly nodePort: number | undefined;
  readonly oidc:
    | (Omit<Oidc, "ownAuthority"> & {
        readonly clientSecret: string;
        readonly authority?: string | undefined;
      })
    | undefined;
  readonly site: string;
  readonly scrapeSeconds: number;
  readonly prometheusUrl: string;
  /** ConfigMaps with one dashboard each. */
  readonly dashboards: readonly string[];
}

export const GRAFANA = "grafana";
export const GRAFANA_PORT = 3000;
/** Of the image (grafana.com/docs/grafana/latest/setup-grafana/installation/docker, "User ID changes"). */
const USER = 472;
const CONFIGURATION_FOLDER = "/etc/grafana-configuration";
const PROVISIONING_FOLDER = "/etc/grafana-provisioning";
const DASHBOARDS_FOLDER = "/etc/grafana-dashboards";
const SECRETS_FOLDER = "/etc/grafana-secrets";
const DATA_FOLDER = "/var/lib/grafana";
/** A new database is made at every start. */
const START_SECONDS = 30;

export class Grafana extends Component {
  constructor(name: string, args: GrafanaArgs, options?: pulumi.ComponentResourceOptions) {
    super("monitoring:Grafana", name, options);
    const parent = { parent: this };
    const texts = filesOf(args);
    const files = Object.entries(texts).map(([part, data]) => {
      const full = `${GRAFANA}-${part}`;
      const metadata = { name: full, namespace: args.namespace, labels: labelsOf(GRAFANA) };
      const map = new k8s.core.v1.ConfigMap(`${name}-${part}`, { metadata, data }, parent);
      return [part, after(map, full)] as const;
    });
    const secrets = secretFiles(name, args, parent);
    const secret = new k8s.core.v1.Secret(
      `${name}-secrets`,
      {
        metadata: {
          name: `${GRAFANA}-secrets`,
          namespace: args.namespace,
          labels: labelsOf(GRAFANA),
        },
        data: secretData(secrets),
      },
      parent,
    );
    const mounted: Mounted = {
      files: Object.fromEntries(files) as Mounted["files"],
      secrets: after(secret, `${GRAFANA}-secrets`),
      checksum: checksumOf(
        JSON.stringify(texts),
        args.certificate.checksum,
        ...Object.values(secrets),
      ),
    };
    const replicated = {
      ...{ namespace: args.namespace, name: GRAFANA, program: grafanaProgram(args, mounted) },
      // Its database is in the pod: two would not know each other's sessions.
      ...{ replicas: 1, startSeconds: START_SECONDS, surge: 1 },
    };
    new k8s.apps.v1.Deployment(name, deployment(replicated), parent);
    const port = { name: "web", port: GRAFANA_PORT };
    new k8s.core.v1.Service(
      name,
      service({
        name: GRAFANA,
        namespace: args.namespace,
        program: GRAFANA,
        ports: [args.nodePort === undefined ? port : { ...port, nodePort: args.nodePort }],
      }),
      parent,
    );
    this.registerOutputs({});
  }
}

type Part = "configuration" | "datasources" | "providers";

function filesOf(args: GrafanaArgs): Record<Part, Record<string, string>> {
  const { oidc, site, scrapeSeconds, url, prometheusUrl } = args;
  const folder = { dashboardsFolder: DASHBOARDS_FOLDER };
  const provisioning = { site, scrapeSeconds, prometheusUrl, ...folder };
  const configuration = grafanaConfiguration({
    ...{ url, port: GRAFANA_PORT, tlsFolder: TLS_FOLDER },
    ...{ secretsFolder: SECRETS_FOLDER, dataFolder: DATA_FOLDER },
    oidc: oidc && { ...oidc, ownAuthority: oidc.authority !== undefined },
  });
  return {
    configuration: { "grafana.ini": configuration },
    datasources: { "datasources.yaml": grafanaDatasources(provisioning) },
    providers: { "dashboards.yaml": grafanaProviders(provisioning) },
  };
}

function secretFiles(
  name: string,
  { oidc }: GrafanaArgs,
  parent: pulumi.CustomResourceOptions,
): Record<string, pulumi.Input<string>> {
  const key = { [GRAFANA_SECRETS.key]: randomPassword(`${name}-secret-key`, parent) };
  if (oidc === undefined) {
    return { ...key, [GRAFANA_SECRETS.password]: randomPassword(`${name}-administrator`, parent) };
  }
  return {
    ...key,
    [GRAFANA_SECRETS.clientSecret]: oidc.clientSecret,
    ...(oidc.authority === undefined ? {} : { [GRAFANA_SECRETS.authority]: oidc.authority }),
  };
}

interface Mounted {
  readonly files: Readonly<Record<Part, pulumi.Output<string>>>;
  readonly secrets: pulumi.Output<string>;
  readonly checksum: pulumi.Output<string>;
}

function grafanaProgram(args: GrafanaArgs, { files, secrets, checksum }: Mounted): Program {
  return {
    name: GRAFANA,
    image: args.image,
    user: USER,
    environment: {
      // Read by the image's own start, and told to Grafana.
      GF_PATHS_CONFIG: `${CONFIGURATION_FOLDER}/grafana.ini`,
      GF_PATHS_PROVISIONING: PROVISIONING_FOLDER,
      GF_PATHS_DATA: DATA_FOLDER,
      GF_PATHS_LOGS: `${DATA_FOLDER}/log`,
      GF_PATHS_PLUGINS: `${DATA_FOLDER}/plugins`,
    },
    secrets: { [PROMETHEUS_CA_VARIABLE]: { name: args.certificate.secret, key: "ca.crt" } },
    ports: { web: GRAFANA_PORT },
    resources: args.resources,
    mounts: [
      { name: "configuration", path: CONFIGURATION_FOLDER, configMap: files.configuration },
      {
        name: "datasources",
        path: `${PROVISIONING_FOLDER}/datasources`,
        configMap: files.datasources,
      },
      { name: "providers", path: `${PROVISIONING_FOLDER}/dashboards`, configMap: files.providers },
      ...args.dashboards.map((dashboard) => ({
        name: dashboard,
        path: `${DASHBOARDS_FOLDER}/${dashboard}`,
        configMap: dashboard,
      })),
      { name: "secrets", path: SECRETS_FOLDER, secret: secrets },
      { name: "tls", path: TLS_FOLDER, secret: args.certificate.secret },
      { name: "data", path: DATA_FOLDER, scratch: "256Mi" },
      { name: "temporary", path: "/tmp", scratch: "64Mi" },
    ],
    health: {
      budget: probeBudget(START_SECONDS),
      ready: { https: "/api/health", port: GRAFANA_PORT },
    },
    terminationSeconds: 30,
    checksum,
  };
}
