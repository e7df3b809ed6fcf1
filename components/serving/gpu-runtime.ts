/**
 * What makes a node's GPUs usable and visible. Either ours, or NVIDIA's operator, which brings the
 * same by itself: two device plugins on one node would hand every GPU out twice, so with the operator
 * nothing of ours runs, and it only finds our list of counters.
 */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { webConfiguration } from "../../observability/prometheus-files.ts";
import { type CertificateHandle, TLS_FOLDER } from "../certificates.ts";
import { after, Component, labelsOf, type Transform } from "../component.ts";
import { checksumOf } from "../secret-data.ts";
import { hostOf, service } from "../stateful-program.ts";
import { gpuCounters } from "./gpu-counters.ts";
import {
  adapterPlugin,
  devicePlugin,
  GPU_EXPORTER,
  GPU_EXPORTER_PORT,
  gpuExporter,
} from "./gpu-daemons.ts";

type DaemonSetArgs = k8s.apps.v1.DaemonSetArgs;

export type GpuRuntimeArgs = {
  /** Must let pods reach into their node; its exemption says why. */
  readonly namespace: string;
} & (
  | { readonly mode: "operator" }
  | {
      readonly mode: "ours";
      readonly images: { readonly plugin: string; readonly exporter: string };
      /** Of the plugin for AWS' network adapters; absent: the nodes have none. */
      readonly adapterImage?: string;
      /** Of the exporter, in the same namespace. */
      readonly certificate: CertificateHandle;
      /** Pools whose nodes cut their GPUs into slices (MIG) when they start. */
      readonly slicedPools?: readonly string[];
      readonly transform?: {
        readonly plugin?: Transform<DaemonSetArgs>;
        readonly exporter?: Transform<DaemonSetArgs>;
      };
    }
);

/** NVIDIA's operator takes its list from a ConfigMap of this name and key (dcgmExporter.config). */
const CONFIGURATION = "gpu-counters";
export const GPU_METRICS = `${GPU_EXPORTER}-metrics`;

export class GpuRuntime extends Component {
  /** Where the exporters are found, a pod each; null: the operator's. */
  readonly metrics: pulumi.Output<string> | null;

  constructor(name: string, args: GpuRuntimeArgs, options?: pulumi.ComponentResourceOptions) {
    super("serving:GpuRuntime", name, options);
    const files = {
      "counters.csv": gpuCounters(),
      ...(args.mode === "ours" ? { "web.yml": webConfiguration(TLS_FOLDER) } : {}),
    };
    const metadata = { name: CONFIGURATION, namespace: args.namespace };
    const configuration = new k8s.core.v1.ConfigMap(
      `${name}-counters`,
      { metadata: { ...metadata, labels: labelsOf(GPU_EXPORTER) }, data: files },
      { parent: this },
    );
    this.metrics = args.mode === "operator" ? null : this.#ours(name, args, configuration, files);
    this.registerOutputs({});
  }

  #ours(
    name: string,
    args: Extract<GpuRuntimeArgs, { mode: "ours" }>,
    configuration: k8s.core.v1.ConfigMap,
    files: Readonly<Record<string, string>>,
  ): pulumi.Output<string> {
    const { namespace, images, adapterImage, slicedPools = [], transform = {} } = args;
    const parent = { parent: this };
    const made = (child: string, daemon: DaemonSetArgs, change?: Transform<DaemonSetArgs>) =>
      new k8s.apps.v1.DaemonSet(`${name}-${child}`, change?.(daemon) ?? daemon, parent);
    const plugin = { namespace, image: images.plugin, slicedPools };
    made("plugin", devicePlugin({ ...plugin, sliced: false }), transform.plugin);
    if (slicedPools.length > 0) {
      made("plugin-sliced", devicePlugin({ ...plugin, sliced: true }), transform.plugin);
    }
    if (adapterImage !== undefined) made("adapters", adapterPlugin(namespace, adapterImage));
    const exporter = gpuExporter({
      namespace,
      image: images.exporter,
      configuration: after(configuration, CONFIGURATION),
      certificate: args.certificate.secret,
      checksum: checksumOf(...Object.values(files), args.certificate.checksum),
    });
    made("exporter", exporter, transform.exporter);
    const front = new k8s.core.v1.Service(
      `${name}-metrics`,
      service({
        name: GPU_METRICS,
        namespace,
        program: GPU_EXPORTER,
        ports: [{ name: "metrics", port: GPU_EXPORTER_PORT }],
        headless: "all",
      }),
      parent,
    );
    return pulumi.interpolate`${after(front, hostOf(GPU_METRICS, namespace))}:${GPU_EXPORTER_PORT}`;
  }
}

/** Why the namespace of these pods is exempted from restricted pod security. */
export const GPU_NAMESPACE_EXEMPTION =
  "device plugins register in kubelet's folder, which is root's, and DCGM reads counters that only the administrator may";
