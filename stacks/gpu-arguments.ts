/** What the parts of a site that have to do with GPUs are told by the settings. Pure. */
import type { Flow } from "../components/flows.ts";
import { PROMETHEUS, PROMETHEUS_PORT } from "../components/prometheus.ts";
import type { ScrapedService } from "../components/scrape-jobs.ts";
import { watchersOf } from "../components/service-flows.ts";
import { GPU_EXPORTER, GPU_EXPORTER_PORT } from "../components/serving/gpu-daemons.ts";
import { groupFlows, MODEL_WORKER } from "../components/serving/group-flows.ts";
import { MODEL_SERVER } from "../components/serving/model-component.ts";
import { RAY_HEAD, rayFlows } from "../components/serving/ray-flows.ts";
import { weightsFlows } from "../components/serving/weights-flows.ts";
import { mebibytes, millicores } from "../components/sizing/quantity.ts";
import type { ServedModel } from "../components/sizing/served-models.ts";
import { hostOf } from "../components/stateful-program.ts";
import { imageReference } from "../config/images.ts";
import type { Settings } from "../config/schema.ts";
import { REALTIME } from "./gpu-models.ts";
import { GPU_NAMESPACE, httpsPort, MONITORING, SERVICE } from "./places.ts";
import { hasFabric, hasGpuDaemons, hasOperatorExporter, isOnGpus } from "./site-models.ts";
import { watcherOf } from "./watcher.ts";

/** Where their own instructions install the operators. */
const KUBERAY = { namespace: "kuberay-system", program: "kuberay-operator" } as const;
const KEDA = { namespace: "keda", program: "keda-operator" } as const;

export function gpuRuntimeArguments(settings: Settings) {
  const { gpuRuntime, cloud, inventory } = settings;
  if (gpuRuntime.mode !== "ours") {
    const { namespace, pods } = gpuRuntime.operator;
    const scraped = hasOperatorExporter(settings) ? pods : null;
    return { mode: "operator" as const, namespace, scraped };
  }
  const pools = [...(cloud?.pools ?? []), ...inventory];
  const sliced = pools.filter((pool) => "slices" in pool && pool.slices !== "none");
  return {
    mode: "ours" as const,
    namespace: GPU_NAMESPACE,
    images: {
      plugin: imageReference(settings, "device-plugin"),
      exporter: imageReference(settings, "dcgm-exporter"),
    },
    ...(hasFabric(settings) ? { adapterImage: imageReference(settings, "efa-plugin") } : {}),
    slicedPools: sliced.map(({ name }) => name),
  };
}

/** Where somebody waits 200 ms, others wait. */
export function priorities({ models }: Settings) {
  return models.some(({ latency }) => latency !== undefined) ? [{ name: REALTIME }] : [];
}

/** A model that is scaled, as KEDA is told of it. */
export function scaledArguments(settings: Settings, served: readonly ServedModel[]) {
  return settings.models.filter(isOnGpus).flatMap(({ name, server }) => {
    const own = served.find((one) => one.name === name);
    if (server.scaling === undefined || own === undefined) return [];
    // Ray scales its own workers.
    if (own.component === "RayModelService") return [];
    return [
      {
        namespace: SERVICE,
        model: name,
        target: own.component,
        prometheus: `https://${hostOf(PROMETHEUS, MONITORING)}:${PROMETHEUS_PORT}`,
        authority: "tls-model",
        scaling: {
          replicas: own.replicas,
          waitingPerReplica: server.scaling.waitingRequests,
          gpusPerReplica: own.plan.gpus,
          gpusDeclared: own.gpus,
          startSeconds: own.prepareSeconds + own.startSeconds,
        },
      },
    ];
  });
}

export function gpuFlows(settings: Settings, served: readonly ServedModel[]): Flow[] {
  if (served.length === 0) return [];
  const groups = served.some(({ component }) => component === "ModelServerGroup");
  const ray = served.some(({ component }) => component === "RayModelService");
  const scaled = scaledArguments(settings, served).length > 0;
  const programs = [MODEL_SERVER, ...(groups ? [MODEL_WORKER] : []), ...(ray ? [RAY_HEAD] : [])];
  return [
    ...(groups ? groupFlows(SERVICE, MODEL_SERVER) : []),
    ...(ray ? rayFlows(SERVICE, MODEL_SERVER, KUBERAY) : []),
    ...weightsFlows({ namespace: SERVICE, programs, ...weightsWays(settings) }),
    ...exporterFlows(settings),
    ...(scaled
      ? [
          {
            name: "scaling",
            from: KEDA,
            to: { namespace: MONITORING, program: PROMETHEUS },
            ports: [PROMETHEUS_PORT],
          },
        ]
      : []),
  ];
}

/** What exporters of GPUs are scraped by our Prometheus. */
export function scrapedGpus(settings: Settings): ScrapedService["gpus"] {
  if (hasGpuDaemons(settings)) return { namespace: GPU_NAMESPACE };
  const { namespace, pods } = settings.gpuRuntime.operator;
  return hasOperatorExporter(settings) ? { namespace, pods } : undefined;
}

function exporterFlows(settings: Settings): Flow[] {
  const exporters = scrapedGpus(settings);
  if (exporters === undefined) return [];
  const { namespace, pods: labels } = exporters;
  const to = { namespace, program: GPU_EXPORTER, ...(labels === undefined ? {} : { labels }) };
  return watchersOf({ monitoring: MONITORING, watcher: watcherOf(settings) }).map(
    ({ end, suffix }) => ({
      ...{ name: `gpu-metrics${suffix}`, from: end, to, ports: [GPU_EXPORTER_PORT] },
    }),
  );
}

/** On AWS the network has no way to the internet: whoever may call everywhere reaches AWS alone. */
function weightsWays({ cloud, weightsKey }: Settings) {
  if (cloud !== undefined) return { podIdentity: true, ranges: ["0.0.0.0/0"], ports: [443] };
  if (weightsKey?.kind !== "transit") return { podIdentity: false, ranges: [], ports: [443] };
  const { ranges, address } = weightsKey;
  return { podIdentity: false, ranges, ports: [httpsPort(address)] };
}

/** What model servers may ask of the namespace beside everything else, replacements included. */
export function withGpuPods(
  limits: Settings["limits"],
  served: readonly ServedModel[],
): Settings["limits"] {
  const pods = served.map((one) => {
    const each = one.gpus / one.gpusPerPod;
    const surge = (one.rollout.maxSurge * one.plan.gpus) / one.gpusPerPod;
    return { count: Math.ceil(each + surge), resources: one.resources };
  });
  const sum = (of: (pod: (typeof pods)[number]) => number) =>
    pods.reduce((total, pod) => total + pod.count * of(pod), 0);
  const cpu = millicores(limits.cpu) + sum(({ resources }) => millicores(resources.cpu));
  const memory = mebibytes(limits.memory) + sum(({ resources }) => mebibytes(resources.memory));
  return {
    pods: limits.pods + sum(() => 1),
    cpu: `${Math.ceil(cpu / 1_000)}`,
    memory: `${memory}Mi`,
  };
}
