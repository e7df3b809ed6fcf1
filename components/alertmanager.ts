/** Alertmanager: takes Prometheus' alerts over TLS and sends them on; silences survive a restart. */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { alertRouting, type RoutingSettings } from "../observability/alert-routing.ts";
import { webConfiguration } from "../observability/prometheus-files.ts";
import type { AlertRelayHandle } from "./alert-relay.ts";
import { type CertificateHandle, TLS_FOLDER } from "./certificates.ts";
import { after, Component, labelsOf } from "./component.ts";
import type { Program } from "./pod-template.ts";
import { checksumOf, secretData } from "./secret-data.ts";
import { probeBudget } from "./sizing/probes.ts";
import {
  DATA_VOLUME,
  hostOf,
  service,
  statefulSet,
  type VolumeSettings,
} from "./stateful-program.ts";

export interface AlertmanagerArgs {
  readonly namespace: string;
  readonly image: string;
  readonly certificate: CertificateHandle;
  readonly volume: VolumeSettings;
  readonly routing: Omit<RoutingSettings, "authorityFile" | "relay">;
  /** Our relay; undefined: no channel needs one. */
  readonly relay: AlertRelayHandle | undefined;
  /** PEM of those who vouch for the channels; undefined: those of the image. */
  readonly authority: string | undefined;
}

export interface AlertmanagerHandle {
  /** host:port, as Prometheus sends to it. */
  readonly address: pulumi.Output<string>;
}

export const ALERTMANAGER = "alertmanager";
export const ALERTMANAGER_PORT = 9093;
/** A handful of alerts a minute at worst, on every site: no setting. */
export const ALERTMANAGER_RESOURCES = { cpu: "50m", memory: "128Mi" } as const;
/** Silences and the log of notifications: kilobytes. */
export const ALERTMANAGER_STORAGE = "256Mi";
const CONFIGURATION = "alertmanager-configuration";
const CONFIGURATION_FOLDER = "/etc/alertmanager";
const AUTHORITY_FILE = "channels.pem";
const RELAY_FOLDER = "/etc/alert-relay-token";
const DATA_FOLDER = "/alertmanager";
const START_SECONDS = 3;

export class Alertmanager extends Component implements AlertmanagerHandle {
  readonly address: pulumi.Output<string>;

  constructor(name: string, args: AlertmanagerArgs, options?: pulumi.ComponentResourceOptions) {
    super("monitoring:Alertmanager", name, options);
    const parent = { parent: this };
    const files = configurationFiles(args);
    // A Secret, since the addresses of channels often carry a token.
    const configuration = new k8s.core.v1.Secret(
      `${name}-configuration`,
      {
        metadata: {
          name: CONFIGURATION,
          namespace: args.namespace,
          labels: labelsOf(ALERTMANAGER),
        },
        data: secretData(files),
      },
      parent,
    );
    const checksum = checksumOf(...Object.values(files));
    const program = alertmanagerProgram(args, after(configuration, CONFIGURATION), checksum);
    new k8s.apps.v1.StatefulSet(name, statefulSet(args.namespace, program, args.volume), parent);
    const front = new k8s.core.v1.Service(
      name,
      service({
        name: ALERTMANAGER,
        namespace: args.namespace,
        program: ALERTMANAGER,
        ports: [{ name: "web", port: ALERTMANAGER_PORT }],
      }),
      parent,
    );
    this.address = after(front, `${hostOf(ALERTMANAGER, args.namespace)}:${ALERTMANAGER_PORT}`);
    this.registerOutputs({ address: this.address });
  }
}

function configurationFiles(args: AlertmanagerArgs): Record<string, string> {
  const { authority, relay } = args;
  const routing: RoutingSettings = {
    ...args.routing,
    relay: relay && {
      url: relay.url,
      authorityFile: `${TLS_FOLDER}/ca.crt`,
      tokenFile: `${RELAY_FOLDER}/${relay.token.key}`,
    },
  };
  const web = { "web.yml": webConfiguration(TLS_FOLDER) };
  if (authority === undefined) return { "alertmanager.yml": alertRouting(routing), ...web };
  const authorityFile = `${CONFIGURATION_FOLDER}/${AUTHORITY_FILE}`;
  const file = alertRouting({ ...routing, authorityFile });
  return { "alertmanager.yml": file, [AUTHORITY_FILE]: authority, ...web };
}

function alertmanagerProgram(
  args: AlertmanagerArgs,
  configuration: pulumi.Output<string>,
  checksum: pulumi.Output<string>,
): Program {
  return {
    name: ALERTMANAGER,
    image: args.image,
    args: [
      `--config.file=${CONFIGURATION_FOLDER}/alertmanager.yml`,
      `--web.config.file=${CONFIGURATION_FOLDER}/web.yml`,
      `--storage.path=${DATA_FOLDER}`,
      // One pod: no cluster to join, and no port open for it.
      "--cluster.listen-address=",
      "--log.format=json",
    ],
    ports: { web: ALERTMANAGER_PORT },
    resources: ALERTMANAGER_RESOURCES,
    mounts: [
      { name: "configuration", path: CONFIGURATION_FOLDER, secret: configuration },
      { name: "tls", path: TLS_FOLDER, secret: args.certificate.secret },
      ...(args.relay === undefined
        ? []
        : [{ name: "relay", path: RELAY_FOLDER, secret: args.relay.token.secret }]),
      { name: DATA_VOLUME, path: DATA_FOLDER, claim: true },
    ],
    health: {
      budget: probeBudget(START_SECONDS),
      ready: { https: "/-/ready", port: ALERTMANAGER_PORT },
      alive: { https: "/-/healthy", port: ALERTMANAGER_PORT },
    },
    terminationSeconds: 30,
    checksum,
  };
}
