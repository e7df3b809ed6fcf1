/**
 * The agent that reads the pods' log files on each node. Those files are the node's, so that this is the
 * one program of the service's own that mounts a folder of its node: that one, to read only. It runs as
 * root, whose files they are, with no capability at all, in a namespace with nothing else in it.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import {
  AGENT_QUEUE_MEBIBYTES,
  agentConfiguration,
  COLLECTOR_PORTS,
} from "../observability/collector/configuration.ts";
import { type CertificateHandle, TLS_FOLDER } from "./certificates.ts";
import {
  COLLECTOR,
  COLLECTOR_DATA,
  COLLECTOR_FILE,
  COLLECTOR_FOLDER,
  COLLECTOR_STOP_SECONDS,
  type CollectorHandle,
  collectorArguments,
  collectorEnvironment,
} from "./collector.ts";
import { after, Component, labelsOf, selectorOf } from "./component.ts";
import { CHECKSUM_ANNOTATION, type Resources } from "./pod-template.ts";
import { checksumOf } from "./secret-data.ts";
import { probeBudget } from "./sizing/probes.ts";
import { service } from "./stateful-program.ts";

type DaemonSetArgs = k8s.apps.v1.DaemonSetArgs;
type Container = k8s.types.input.core.v1.Container;

export interface LogAgentArgs {
  /** Must let pods reach into their node; its exemption says why. */
  readonly namespace: string;
  readonly image: string;
  readonly certificate: CertificateHandle;
  readonly resources: Resources;
  /** Of the node, where kubelet keeps pods' lines. */
  readonly folder: string;
  /** Whose pods' lines it reads. */
  readonly namespaces: readonly string[];
  /** The namespace of the Collector, whose own lines are not read. */
  readonly collectorNamespace: string;
  readonly collector: CollectorHandle;
  readonly site: string;
}

export const LOG_AGENT = "log-agent";
export const LOG_AGENT_METRICS = `${LOG_AGENT}-metrics`;
const PODS_FOLDER = "/var/log/pods";
const CONFIGURATION = "log-agent-configuration";
const START_SECONDS = 3;
/** The queue, what its database takes beside it, and places in files: kilobytes. */
const DATA_SIZE = `${AGENT_QUEUE_MEBIBYTES * 2}Mi`;

/** Why the namespace of these pods is exempted from restricted pod security. */
export const LOGS_NAMESPACE_EXEMPTION =
  "the agent reads the log files of pods, which kubelet keeps on the node for root alone";

export class LogAgent extends Component {
  constructor(name: string, args: LogAgentArgs, options?: pulumi.ComponentResourceOptions) {
    super("monitoring:LogAgent", name, options);
    const parent = { parent: this };
    const { namespace } = args;
    const text = args.collector.address.apply((collector) =>
      agentConfiguration({
        ...{ tlsFolder: TLS_FOLDER, dataFolder: COLLECTOR_DATA, podsFolder: PODS_FOLDER },
        ...{ namespaces: args.namespaces, site: args.site, collector },
        excluded: [`${args.collectorNamespace}_${COLLECTOR}-`],
      }),
    );
    const metadata = { name: CONFIGURATION, namespace, labels: labelsOf(LOG_AGENT) };
    const configuration = new k8s.core.v1.ConfigMap(
      `${name}-configuration`,
      { metadata, data: { [COLLECTOR_FILE]: text } },
      parent,
    );
    // The authority of the Collector is read at the start only.
    const checksum = checksumOf(text, args.certificate.authority);
    const daemon = daemonSet(args, after(configuration, CONFIGURATION), checksum);
    new k8s.apps.v1.DaemonSet(name, daemon, parent);
    new k8s.core.v1.Service(
      `${name}-metrics`,
      service({
        ...{ name: LOG_AGENT_METRICS, namespace, program: LOG_AGENT },
        ports: [{ name: "metrics", port: COLLECTOR_PORTS.metrics }],
        headless: "all",
      }),
      parent,
    );
    this.registerOutputs({});
  }
}

function daemonSet(
  args: LogAgentArgs,
  configuration: pulumi.Output<string>,
  checksum: pulumi.Input<string>,
): DaemonSetArgs {
  const labels = labelsOf(LOG_AGENT);
  return {
    metadata: { name: LOG_AGENT, namespace: args.namespace, labels },
    spec: {
      selector: { matchLabels: selectorOf(LOG_AGENT) },
      // Lines wait in their files meanwhile; several nodes at once lose nothing.
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%" } },
      template: {
        metadata: { labels, annotations: { [CHECKSUM_ANNOTATION]: checksum } },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: { seccompProfile: { type: "RuntimeDefault" } },
          terminationGracePeriodSeconds: COLLECTOR_STOP_SECONDS,
          // Pods that nodes with taints run have lines, too.
          tolerations: [{ operator: "Exists", effect: "NoSchedule" }],
          containers: [container(args)],
          volumes: [
            { name: "pods", hostPath: { path: args.folder, type: "Directory" } },
            { name: "configuration", configMap: { name: configuration, defaultMode: 0o444 } },
            { name: "tls", secret: { secretName: args.certificate.secret, defaultMode: 0o400 } },
            // Gone with the pod: the next one reads again what kubelet still has.
            { name: "data", emptyDir: { sizeLimit: DATA_SIZE } },
          ],
        },
      },
    },
  };
}

function container(args: LogAgentArgs): Container {
  const { cpu, memory } = args.resources;
  const { startup, readiness, liveness } = probeBudget(START_SECONDS);
  const httpGet = { scheme: "HTTPS", path: "/", port: COLLECTOR_PORTS.health };
  const readOnly = true;
  const environment = Object.entries(collectorEnvironment(args.resources));
  return {
    name: LOG_AGENT,
    image: args.image,
    imagePullPolicy: "IfNotPresent",
    args: collectorArguments(),
    env: environment.map(([name, value]) => ({ name, value })),
    ports: [{ name: "metrics", containerPort: COLLECTOR_PORTS.metrics }],
    resources: { requests: { cpu, memory }, limits: { memory } },
    startupProbe: { httpGet, ...startup },
    readinessProbe: { httpGet, ...readiness },
    livenessProbe: { httpGet, ...liveness },
    securityContext: {
      // Files of the node are root's, and no capability is needed to read one's own.
      runAsUser: 0,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [
      { name: "pods", mountPath: PODS_FOLDER, readOnly },
      { name: "configuration", mountPath: COLLECTOR_FOLDER, readOnly },
      { name: "tls", mountPath: TLS_FOLDER, readOnly },
      { name: "data", mountPath: COLLECTOR_DATA },
    ],
  };
}
