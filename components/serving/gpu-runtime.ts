/**
 * What makes a node's GPUs usable and visible. Either ours, or NVIDIA's operator, which brings the
 * same by itself: two device plugins on one node would hand every GPU out twice, so with the operator
 * nothing of ours runs. It finds our list of counters, and our Prometheus its exporters by a Service.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { webConfiguration } from "../../observability/prometheus-files.ts";
import { type CertificateHandle, TLS_FOLDER } from "../certificates.ts";
import {
  after,
  Component,
  type Labels,
  labelsOf,
  selectorOf,
  type Transform,
} from "../component.ts";
import { checksumOf } from "../secret-data.ts";
import { service } from "../stateful-program.ts";
import { gpuCounters } from "./gpu-counters.ts";
import {
  adapterPlugin,
  COUNTERS_FILE,
  devicePlugin,
  GPU_EXPORTER,
  GPU_EXPORTER_PORT,
  gpuExporter,
} from "./gpu-daemons.ts";

type DaemonSetArgs = k8s.apps.v1.DaemonSetArgs;

export type GpuRuntimeArgs = {
  /** Ours must let pods reach into their node, and its exemption says why; or the operator's. */
  readonly namespace: string;
} & (
  | {
      readonly mode: "operator";
      /** Labels of its exporter's pods; null: our Prometheus does not scrape them. */
      readonly scraped: Labels | null;
    }
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

/** What the operator is told as dcgmExporter.config.name; it looks for that key, in its own namespace. */
const CONFIGURATION = "gpu-counters";
const OPERATOR_KEY = "dcgm-metrics.csv";
export const GPU_METRICS = `${GPU_EXPORTER}-metrics`;

export class GpuRuntime extends Component {
  constructor(name: string, args: GpuRuntimeArgs, options?: pulumi.ComponentResourceOptions) {
    super("serving:GpuRuntime", name, options);
    const files: Record<string, string> =
      args.mode === "ours"
        ? { [COUNTERS_FILE]: gpuCounters(), "web.yml": webConfiguration(TLS_FOLDER) }
        : { [OPERATOR_KEY]: gpuCounters() };
    const metadata = { name: CONFIGURATION, namespace: args.namespace };
    const configuration = new k8s.core.v1.ConfigMap(
      `${name}-counters`,
      { metadata: { ...metadata, labels: labelsOf(GPU_EXPORTER) }, data: files },
      { parent: this },
    );
    if (args.mode === "ours") this.#ours(name, args, configuration, files);
    const pods = args.mode === "ours" ? selectorOf(GPU_EXPORTER) : args.scraped;
    if (pods !== null) this.#front(name, args.namespace, pods);
    this.registerOutputs({});
  }

  #ours(
    name: string,
    args: Extract<GpuRuntimeArgs, { mode: "ours" }>,
    configuration: k8s.core.v1.ConfigMap,
    files: Readonly<Record<string, string>>,
  ): void {
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
  }

  /** Where the exporters are found, an address each: the operator's own Service has one for all. */
  #front(name: string, namespace: string, pods: Labels): void {
    const front = service({
      name: GPU_METRICS,
      namespace,
      program: GPU_EXPORTER,
      ports: [{ name: "metrics", port: GPU_EXPORTER_PORT }],
      headless: "all",
      selector: pods,
    });
    new k8s.core.v1.Service(`${name}-metrics`, front, { parent: this });
  }
}

/** Why the namespace of these pods is exempted from restricted pod security. */
export const GPU_NAMESPACE_EXEMPTION =
  "device plugins register in kubelet's folder, which is root's, and DCGM reads counters that only the administrator may";
