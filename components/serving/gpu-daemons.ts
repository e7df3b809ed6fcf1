/**
 * What runs on every GPU node: NVIDIA's device plugin, AWS' plugin for network adapters, and the
 * exporter of GPU counters. They reach into the node, so they cannot be restricted as all else is;
 * each says what it takes and why, and takes nothing more. Pure.
 */
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { TLS_FOLDER } from "../certificates.ts";
import { labelsOf, selectorOf } from "../component.ts";
import { CHECKSUM_ANNOTATION, type Resources } from "../pod-template.ts";
import { GPU_PRODUCTS, GPU_TAINT, POOL_LABEL, PRODUCT_LABEL } from "./accelerators.ts";

type DaemonSetArgs = k8s.apps.v1.DaemonSetArgs;
type Container = k8s.types.input.core.v1.Container;
type Volume = k8s.types.input.core.v1.Volume;

const DEVICE_PLUGIN = "nvidia-device-plugin";
const ADAPTER_PLUGIN = "efa-device-plugin";
export const GPU_EXPORTER = "dcgm-exporter";
export const GPU_EXPORTER_PORT = 9_400;
const COUNTERS_FOLDER = "/etc/dcgm";
export const COUNTERS_FILE = "counters.csv";
const WEB_FOLDER = "/etc/dcgm-web";

/** A part of the node, why it is needed, and whether it is written to. */
interface HostFolder {
  readonly name: string;
  readonly path: string;
  readonly readOnly: boolean;
}

/** Where a plugin registers with kubelet; the folder is root's. */
const PLUGINS: HostFolder = {
  name: "device-plugins",
  path: "/var/lib/kubelet/device-plugins",
  readOnly: false,
};
/** Which pod has which GPU; the folder is root's. */
const PODS: HostFolder = {
  name: "pod-resources",
  path: "/var/lib/kubelet/pod-resources",
  readOnly: true,
};
const VERBS: HostFolder = { name: "infiniband", path: "/dev/infiniband", readOnly: false };

interface Daemon {
  readonly name: string;
  readonly namespace: string;
  readonly program: string;
  readonly container: Partial<Container> & Pick<Container, "image">;
  readonly resources: Resources;
  readonly folders: readonly HostFolder[];
  readonly volumes?: readonly { readonly path: string; readonly volume: Volume }[];
  /** Beyond none at all. */
  readonly capabilities?: readonly string[];
  readonly hostNetwork?: boolean;
  readonly nodeLabels?: Readonly<Record<string, readonly string[]>>;
  readonly checksum?: pulumi.Input<string>;
}

/** Some MiB each, measured by nobody here: NVIDIA's and AWS' charts ask for less. */
const PLUGIN_RESOURCES = { cpu: "20m", memory: "128Mi" } as const;
/** DCGM itself runs inside the exporter; NVIDIA's chart leaves it 512Mi to 1Gi. */
const EXPORTER_RESOURCES = { cpu: "100m", memory: "1Gi" } as const;

export interface DevicePlugin {
  readonly namespace: string;
  readonly image: string;
  /** Pools whose GPUs are in slices (MIG); the plugin tells their sizes apart. */
  readonly slicedPools: readonly string[];
  readonly sliced: boolean;
}

/** Two of them where there are sliced pools: one for those, one for all others. */
export function devicePlugin({
  namespace,
  image,
  slicedPools,
  sliced,
}: DevicePlugin): DaemonSetArgs {
  const pools = expressionsOf(slicedPools, sliced);
  const args = daemon({
    name: sliced ? `${DEVICE_PLUGIN}-sliced` : DEVICE_PLUGIN,
    namespace,
    program: sliced ? `${DEVICE_PLUGIN}-sliced` : DEVICE_PLUGIN,
    container: {
      image,
      command: ["nvidia-device-plugin"],
      env: variables({
        NVIDIA_VISIBLE_DEVICES: "all",
        NVIDIA_DRIVER_CAPABILITIES: "compute,utility",
        MIG_STRATEGY: sliced ? "mixed" : "none",
        ...(sliced ? { NVIDIA_MIG_MONITOR_DEVICES: "all" } : {}),
        // Where the driver is missing, a pod that fails is seen; one that waits is not.
        FAIL_ON_INIT_ERROR: "true",
      }),
    },
    resources: PLUGIN_RESOURCES,
    folders: [PLUGINS],
    // The monitor of slices is a device of the driver that only the administrator may open.
    ...(sliced ? { capabilities: ["SYS_ADMIN"] } : {}),
  });
  return withExpressions(args, pools);
}

export function adapterPlugin(namespace: string, image: string): DaemonSetArgs {
  return daemon({
    name: ADAPTER_PLUGIN,
    namespace,
    program: ADAPTER_PLUGIN,
    container: { image },
    resources: PLUGIN_RESOURCES,
    folders: [PLUGINS, VERBS],
    // It finds the node's adapters among the node's own interfaces.
    hostNetwork: true,
    nodeLabels: { "node.kubernetes.io/instance-type": ["p4d.24xlarge", "p4de.24xlarge"] },
  });
}

export interface GpuExporter {
  readonly namespace: string;
  readonly image: string;
  /** ConfigMap with the list of counters and web.yml. */
  readonly configuration: pulumi.Input<string>;
  readonly certificate: pulumi.Input<string>;
  readonly checksum: pulumi.Input<string>;
}

export function gpuExporter(exporter: GpuExporter): DaemonSetArgs {
  const question = { scheme: "HTTPS", path: "/health", port: GPU_EXPORTER_PORT };
  return daemon({
    name: GPU_EXPORTER,
    namespace: exporter.namespace,
    program: GPU_EXPORTER,
    container: {
      image: exporter.image,
      args: [
        `--collectors=${COUNTERS_FOLDER}/${COUNTERS_FILE}`,
        `--address=:${GPU_EXPORTER_PORT}`,
        `--web-config-file=${WEB_FOLDER}/web.yml`,
        "--kubernetes=true",
      ],
      env: [
        ...variables({ NVIDIA_VISIBLE_DEVICES: "all", NVIDIA_DRIVER_CAPABILITIES: "all" }),
        { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
      ],
      ports: [{ name: "metrics", containerPort: GPU_EXPORTER_PORT }],
      // DCGM itself starts first; it takes some ten seconds on eight GPUs.
      startupProbe: { httpGet: question, periodSeconds: 5, failureThreshold: 24 },
      readinessProbe: { httpGet: question, periodSeconds: 10, timeoutSeconds: 5 },
      livenessProbe: { httpGet: question, periodSeconds: 30, timeoutSeconds: 10 },
    },
    resources: EXPORTER_RESOURCES,
    folders: [PODS],
    volumes: [
      {
        path: COUNTERS_FOLDER,
        volume: { name: "configuration", configMap: { name: exporter.configuration } },
      },
      {
        path: WEB_FOLDER,
        volume: { name: "web", configMap: { name: exporter.configuration } },
      },
      {
        path: TLS_FOLDER,
        volume: { name: "tls", secret: { secretName: exporter.certificate, defaultMode: 0o400 } },
      },
    ],
    // Counters of profiling (DCGM_FI_PROF_*) are the administrator's alone.
    capabilities: ["SYS_ADMIN"],
    checksum: exporter.checksum,
  });
}

function daemon(wanted: Daemon): DaemonSetArgs {
  const { name, namespace, program } = wanted;
  const labels = labelsOf(program);
  return {
    metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: selectorOf(program) },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
      template: {
        metadata: {
          labels,
          ...(wanted.checksum === undefined
            ? {}
            : { annotations: { [CHECKSUM_ANNOTATION]: wanted.checksum } }),
        },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          // Without them a node's GPUs are none: they go last.
          priorityClassName: "system-node-critical",
          ...(wanted.hostNetwork === true ? { hostNetwork: true } : {}),
          securityContext: { seccompProfile: { type: "RuntimeDefault" } },
          terminationGracePeriodSeconds: 30,
          affinity: nodes({ [PRODUCT_LABEL]: GPU_PRODUCTS, ...wanted.nodeLabels }),
          tolerations: [{ key: GPU_TAINT, operator: "Exists", effect: "NoSchedule" }],
          containers: [container(wanted)],
          volumes: [
            ...wanted.folders.map(({ name: folder, path }) => ({
              name: folder,
              hostPath: { path, type: "Directory" },
            })),
            ...(wanted.volumes ?? []).map(({ volume }) => volume),
          ],
        },
      },
    },
  };
}

function container(wanted: Daemon): Container {
  const { cpu, memory } = wanted.resources;
  return {
    name: wanted.program,
    imagePullPolicy: "IfNotPresent",
    ...wanted.container,
    resources: { requests: { cpu, memory }, limits: { memory } },
    securityContext: {
      // kubelet's folders are root's; it gets no more than that.
      runAsUser: 0,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: wanted.program !== GPU_EXPORTER,
      capabilities: { drop: ["ALL"], ...added(wanted.capabilities) },
    },
    volumeMounts: [
      ...wanted.folders.map(({ name, path, readOnly }) => ({ name, mountPath: path, readOnly })),
      ...(wanted.volumes ?? []).map(({ path, volume }) => ({
        name: volume.name,
        mountPath: path,
        readOnly: true,
      })),
    ],
  };
}

function added(capabilities: readonly string[] = []) {
  return capabilities.length === 0 ? {} : { add: [...capabilities] };
}

function variables(values: Readonly<Record<string, string>>) {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

type Expression = { key: string; operator: string; values?: string[] };

function nodes(labels: Readonly<Record<string, readonly string[]>>) {
  return affinity(
    Object.entries(labels).map(([key, values]) => ({ key, operator: "In", values: [...values] })),
  );
}

function affinity(matchExpressions: Expression[]) {
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
    },
  };
}

function expressionsOf(slicedPools: readonly string[], sliced: boolean): Expression[] {
  if (slicedPools.length === 0) return [];
  const values = [...slicedPools];
  return [{ key: POOL_LABEL, operator: sliced ? "In" : "NotIn", values }];
}

function withExpressions(args: DaemonSetArgs, more: readonly Expression[]): DaemonSetArgs {
  const all = [{ key: PRODUCT_LABEL, operator: "In", values: [...GPU_PRODUCTS] }, ...more];
  const { spec } = args as { spec: { template: { spec: object } } };
  const template = { ...spec.template, spec: { ...spec.template.spec, affinity: affinity(all) } };
  return { ...args, spec: { ...spec, template } } as DaemonSetArgs;
}
