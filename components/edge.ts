/** The edge: nginx, which ends TLS in front of the gateway and is the only way in. */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { type CertificateHandle, TLS_FOLDER } from "./certificates.ts";
import { after, Component, labelsOf } from "./component.ts";
import { EDGE_LOOPBACK, edgeExporter, METRICS_PORTS, metricsService } from "./exporters.ts";
import type { GatewayHandle } from "./gateway.ts";
import { TRUST_FILES } from "./gateway-secrets.ts";
import { nginxConfiguration } from "./nginx-configuration.ts";
import type { Program, Resources } from "./pod-template.ts";
import { deployment, disruptionBudget } from "./replicated-program.ts";
import { checksumOf } from "./secret-data.ts";
import { drainOf } from "./sizing/drain.ts";
import { probeBudget } from "./sizing/probes.ts";
import { nginxWorkers } from "./sizing/quantity.ts";
import { service } from "./stateful-program.ts";

export interface EdgeArgs {
  readonly namespace: string;
  readonly image: string;
  readonly exporterImage: string;
  readonly replicas: number;
  readonly resources: Resources;
  readonly certificate: CertificateHandle;
  readonly hosts: readonly string[];
  /** NodePorts. */
  readonly ports: { readonly https: number; readonly http: number };
  /** Authorities whose certificates callers may show, PEM; without: none is asked for. */
  readonly clientAuthorities?: string | undefined;
  /**
   * A balancer in front, which says by the PROXY protocol whose a connection is: the port that
   * callers know, and from where the balancer's word is believed (the nodes' network).
   */
  readonly balancer?: { readonly port: number; readonly ranges: readonly string[] } | undefined;
  readonly bodyBytesMax: number;
  readonly connectionsPerAddressMax: number;
  readonly longestStreamSeconds: number;
  readonly gateway: GatewayHandle;
}

export const EDGE = "edge";
export const EDGE_PORTS = { https: 8443, http: 8080 } as const;
/** Where a balancer connects; probes and everybody else have no PROXY header to show. */
export const BALANCED_PORT = 8444;
const BALANCED = "balanced";
const CONFIGURATION = "edge-configuration";
const CONFIGURATION_FOLDER = "/etc/nginx/configuration";
const AUTHORITIES = "clients.crt";
const TRUST_FOLDER = "/etc/nginx/trust";
const TEMPORARY_FOLDER = "/tmp";
const START_SECONDS = 2;

export class Edge extends Component {
  /** Where callers find the API. */
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: EdgeArgs, options?: pulumi.ComponentResourceOptions) {
    super("edge:Edge", name, options);
    const parent = { parent: this };
    const text = args.gateway.host.apply((host) => configurationText(args, host));
    const configuration = new k8s.core.v1.ConfigMap(
      `${name}-configuration`,
      {
        metadata: { name: CONFIGURATION, namespace: args.namespace, labels: labelsOf(EDGE) },
        data: {
          "nginx.conf": text,
          ...(args.clientAuthorities === undefined
            ? {}
            : { [AUTHORITIES]: args.clientAuthorities }),
        },
      },
      parent,
    );
    const replicated = {
      namespace: args.namespace,
      name: EDGE,
      program: edgeProgram(
        args,
        after(configuration, CONFIGURATION),
        checksumOf(
          text,
          args.certificate.checksum,
          args.clientAuthorities ?? "",
          args.gateway.edgeTrust?.checksum ?? "",
        ),
      ),
      replicas: args.replicas,
      startSeconds: START_SECONDS,
      surge: 1,
    };
    const pods = new k8s.apps.v1.Deployment(name, deployment(replicated), parent);
    const budget = disruptionBudget(replicated);
    if (budget !== undefined) new k8s.policy.v1.PodDisruptionBudget(name, budget, parent);
    new k8s.core.v1.Service(
      name,
      service({
        name: EDGE,
        namespace: args.namespace,
        program: EDGE,
        ports: [
          {
            name: args.balancer === undefined ? "https" : BALANCED,
            port: 443,
            nodePort: args.ports.https,
          },
          { name: "http", port: 80, nodePort: args.ports.http },
        ],
        // Limits, allow-lists and records are about callers' addresses; a balancer tells them itself.
        callersSeen: args.balancer === undefined,
      }),
      parent,
    );
    new k8s.core.v1.Service(`${name}-metrics`, metricsService(EDGE, args.namespace), parent);
    // Whoever waits for the url may call it: the pods are ready then.
    const port = publicPort(args);
    this.url = after(pods, `https://${args.hosts[0]}${port === 443 ? "" : `:${port}`}`);
    this.registerOutputs({ url: this.url });
  }
}

function publicPort({ balancer, ports }: EdgeArgs): number {
  return balancer === undefined ? ports.https : balancer.port;
}

function configurationText(args: EdgeArgs, gatewayHost: string): string {
  const drain = drainOf(args.longestStreamSeconds).edge;
  return nginxConfiguration({
    hosts: args.hosts,
    ports: EDGE_PORTS,
    metrics: { port: METRICS_PORTS.edge, ...EDGE_LOOPBACK },
    balancer:
      args.balancer === undefined
        ? undefined
        : { port: BALANCED_PORT, ranges: args.balancer.ranges },
    publicPort: publicPort(args),
    gateway: { host: gatewayHost, port: args.gateway.port },
    clients:
      args.clientAuthorities === undefined || args.gateway.edgeTrust === null
        ? null
        : {
            authorities: `${CONFIGURATION_FOLDER}/${AUTHORITIES}`,
            trust: `${TRUST_FOLDER}/${TRUST_FILES.trust}`,
          },
    tlsFolder: TLS_FOLDER,
    temporaryFolder: TEMPORARY_FOLDER,
    workers: nginxWorkers(args.resources.cpu),
    workerShutdownSeconds: drain.workerSeconds,
    upstreamIdleSeconds: drain.upstreamIdleSeconds,
    bodyBytesMax: args.bodyBytesMax,
    connectionsPerAddressMax: args.connectionsPerAddressMax,
    // The rest is for everybody else behind the same address, and for health checks.
    socketsPerAddressMax: Math.ceil(args.connectionsPerAddressMax / 2),
  });
}

function edgeProgram(
  args: EdgeArgs,
  configuration: pulumi.Output<string>,
  checksum: pulumi.Output<string>,
): Program {
  const drain = drainOf(args.longestStreamSeconds).edge;
  return {
    name: EDGE,
    image: args.image,
    // What goes wrong before the configuration is read goes to the log, too.
    command: ["nginx", "-e", "stderr", "-c", `${CONFIGURATION_FOLDER}/nginx.conf`],
    ports: {
      ...EDGE_PORTS,
      ...(args.balancer === undefined ? {} : { [BALANCED]: BALANCED_PORT }),
      metrics: METRICS_PORTS.edge,
    },
    resources: args.resources,
    mounts: [
      { name: "configuration", path: CONFIGURATION_FOLDER, configMap: configuration },
      { name: "tls", path: TLS_FOLDER, secret: args.certificate.secret },
      ...(args.gateway.edgeTrust === null
        ? []
        : [{ name: "trust", path: TRUST_FOLDER, secret: args.gateway.edgeTrust.secret }]),
      { name: "temporary", path: TEMPORARY_FOLDER, scratch: "64Mi" },
    ],
    health: {
      budget: probeBudget(START_SECONDS),
      ready: { https: "/livez", port: EDGE_PORTS.https },
    },
    companions: [edgeExporter(args.exporterImage)],
    // nginx stops accepting at once, so it is told to stop only when nobody sends to it any more.
    preStopSeconds: drain.preStopSeconds,
    terminationSeconds: drain.terminationSeconds,
    checksum,
  };
}
