/**
 * A model served by Ray Serve on KubeRay's RayService: a head that holds no GPU and takes no calls,
 * and workers with a replica each. For those whose applications are Ray's already; ModelServer and
 * ModelServerGroup serve the same models with fewer parts.
 *
 * Ray's own traffic, between head and workers, is neither encrypted nor authenticated: rayFlows lets
 * nobody else near it.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { type CertificateHandle, TLS_FOLDER } from "../certificates.ts";
import { labelsOf, type Transform } from "../component.ts";
import { type Program, podTemplate, type Resources } from "../pod-template.ts";
import type { PasswordPlace } from "../secret-data.ts";
import { probeBudget } from "../sizing/probes.ts";
import { mebibytes } from "../sizing/quantity.ts";
import { type Accelerator, devicesOf } from "./accelerators.ts";
import {
  engineContext,
  MODEL_LABEL,
  MODEL_PORT,
  MODEL_SERVER,
  type ModelArgs,
  ModelComponent,
} from "./model-component.ts";
import { RAY_HEAD, RAY_PORTS } from "./ray-flows.ts";
import { rayServeConfiguration } from "./ray-serve-configuration.ts";
import { networkVariables, refuseOtherCount, type VllmEngine, vllm } from "./vllm-engine.ts";

export interface RayModelServiceArgs extends ModelArgs {
  /** rayproject/ray-llm; head and workers run the same. */
  readonly image: string;
  /** Of Ray, as the image has it. */
  readonly rayVersion: string;
  readonly engine: VllmEngine;
  readonly replicas: { readonly least: number; readonly most: number };
  /** Of each worker. */
  readonly resources: Resources;
  readonly certificate: CertificateHandle;
  /** A whole second cluster fits beside the first; else changes of the cluster wait for a person. */
  readonly spareCluster: boolean;
  /** A Redis of its own, in which the head finds its state again; absent: a new head begins anew. */
  readonly headStore?: { readonly address: pulumi.Input<string>; readonly password: PasswordPlace };
  readonly transform?: { readonly rayService?: Transform<k8s.apiextensions.CustomResourceArgs> };
}

/** The user that the image has. */
const RAY_USER = 1_000;
/** The head keeps tables and the dashboard; KubeRay's advice for a head that computes nothing. */
const HEAD_RESOURCES = { cpu: "2", memory: "8Gi" } as const;
const HEAD_START_SECONDS = 30;
/** Shared memory of the head: only its own objects. */
const HEAD_SHARED = "2Gi";

export class RayModelService extends ModelComponent {
  constructor(name: string, args: RayModelServiceArgs, options?: pulumi.ComponentResourceOptions) {
    const { owner } = vllm(args.engine, engineContext(args));
    super("RayModelService", name, { ...args, owner }, options);
    const object = rayService(args);
    const made = args.transform?.rayService?.(object) ?? object;
    new k8s.apiextensions.CustomResource(name, made, { parent: this });
    this.offer(name, args);
  }
}

/** KubeRay adds endings of up to 10 letters to it and allows 53 in all. */
function rayName(model: string): string {
  return `ray-${model.replaceAll(".", "-")}`;
}

function rayService(args: RayModelServiceArgs): k8s.apiextensions.CustomResourceArgs {
  const { engine, model, namespace, replicas } = args;
  refuseOtherCount(engine, engine.tensorParallel);
  const { path } = pathOf(args);
  return {
    apiVersion: "ray.io/v1",
    kind: "RayService",
    metadata: {
      name: rayName(model),
      namespace,
      labels: labelsOf(MODEL_SERVER, { [MODEL_LABEL]: model }),
    },
    spec: {
      serveConfigV2: rayServeConfiguration({
        model,
        modelPath: path,
        engine,
        contextTokensMax: args.contextTokensMax,
        replicas,
        longestStreamSeconds: args.longestStreamSeconds,
        port: MODEL_PORT,
        tlsFolder: TLS_FOLDER,
        drainSeconds: engineContext(args).drain.timeoutMs / 1_000,
      }),
      // A new cluster beside the old one needs all its GPUs twice; without them it would wait for ever.
      upgradeStrategy: { type: args.spareCluster ? "NewCluster" : "None" },
      excludeHeadPodFromServeSvc: true,
      rayClusterConfig: {
        rayVersion: args.rayVersion,
        ...autoscaling(args),
        ...headStore(args),
        headGroupSpec: {
          // Calls of the operator come to the dashboard; nobody else may (rayFlows).
          rayStartParams: { "dashboard-host": "0.0.0.0", "num-cpus": "0", "num-gpus": "0" },
          template: headTemplate(args),
        },
        workerGroupSpecs: [workers(args)],
      },
    },
  };
}

/** A container that the operator adds to the head; it knows no defaults that restricted pods need. */
function autoscaling({ replicas }: RayModelServiceArgs) {
  if (replicas.most === replicas.least) return { enableInTreeAutoscaling: false };
  return {
    enableInTreeAutoscaling: true,
    autoscalerOptions: {
      resources: { requests: { cpu: "200m", memory: "512Mi" }, limits: { memory: "512Mi" } },
      securityContext: {
        allowPrivilegeEscalation: false,
        runAsNonRoot: true,
        capabilities: { drop: ["ALL"] },
      },
    },
  };
}

function workers(args: RayModelServiceArgs) {
  const { engine, replicas } = args;
  return {
    groupName: "gpus",
    replicas: replicas.least,
    minReplicas: replicas.least,
    maxReplicas: replicas.most,
    numOfHosts: engine.pipelineParallel,
    rayStartParams: { "object-store-memory": objectStoreBytes(args) },
    template: podTemplate(worker(args)),
  };
}

/** Half of the shared memory: the engine's processes have the other. */
function objectStoreBytes(args: RayModelServiceArgs): string {
  const shared = worker(args).mounts.find((mount) => mount.path === "/dev/shm");
  if (shared === undefined || !("memory" in shared)) throw new Error("no shared memory");
  return String((mebibytes(shared.memory) / 2) * 2 ** 20);
}

function headStore({ headStore: store, model }: RayModelServiceArgs) {
  if (store === undefined) return {};
  return {
    gcsFaultToleranceOptions: {
      redisAddress: store.address,
      redisPassword: { valueFrom: { secretKeyRef: store.password } },
      externalStorageNamespace: rayName(model),
    },
  };
}

function pathOf(args: RayModelServiceArgs): { readonly path: string } {
  const { environment = {} } = vllm(args.engine, engineContext(args)).container;
  return { path: String(environment["MODEL_PATH"]) };
}

/** Ray's own answers on the pod's loopback, asked with the Python that is there. */
function asks(port: number, path: string): { readonly command: readonly string[] } {
  const address = `http://127.0.0.1:${port}${path}`;
  const code = `import urllib.request; urllib.request.urlopen("${address}", timeout=2)`;
  return { command: ["python", "-c", code] };
}

const RAYLET_LIVES = asks(52_365, "/api/local_raylet_healthz");
const HEAD_LIVES = asks(RAY_PORTS.dashboard, "/api/gcs_healthz");
const QUIET = { RAY_USAGE_STATS_ENABLED: "0" } as const;

function worker(args: RayModelServiceArgs): Program {
  const context = engineContext(args);
  const preset = vllm(args.engine, context);
  const { command: _, args: __, ...container } = preset.container;
  const accelerator = acceleratorOf(args.engine);
  return {
    ...container,
    name: MODEL_SERVER,
    user: RAY_USER,
    image: args.image,
    labels: { [MODEL_LABEL]: args.model },
    environment: { ...container.environment, ...QUIET, ...networkVariables(accelerator) },
    ports: { api: MODEL_PORT },
    resources: { ...args.resources, devices: devicesOf(accelerator) },
    mounts: [
      ...container.mounts,
      { name: "tls", path: TLS_FOLDER, secret: args.certificate.secret },
    ],
    health: {
      budget: probeBudget(preset.startSeconds),
      // A proxy answers once its node has a replica that serves; a node without one lives, too.
      ready: { https: "/-/healthz", port: MODEL_PORT },
      alive: RAYLET_LIVES,
      started: RAYLET_LIVES,
    },
    // Ray Serve reads its certificate at its start.
    checksum: args.certificate.checksum,
  };
}

/** One pod alone speaks to no other GPUs. */
function acceleratorOf({ accelerator, pipelineParallel }: VllmEngine): Accelerator {
  return pipelineParallel > 1 ? accelerator : { ...accelerator, adapters: 0 };
}

type PodTemplate = ReturnType<typeof podTemplate>;

/** The operator gives the head an account of its own where it scales workers, and nothing else. */
function headTemplate(args: RayModelServiceArgs): PodTemplate {
  const head = podTemplate({
    name: RAY_HEAD,
    user: RAY_USER,
    image: args.image,
    labels: { [MODEL_LABEL]: args.model },
    environment: { ...QUIET, HOME: "/tmp/home", USER: "ray", LOGNAME: "ray" },
    ports: { ...RAY_PORTS },
    resources: HEAD_RESOURCES,
    mounts: [
      { name: "temporary", path: "/tmp", scratch: "8Gi" },
      { name: "shared", path: "/dev/shm", memory: HEAD_SHARED },
      // The whole cluster shares one proxy configuration; the head reads it, though it takes no calls.
      { name: "tls", path: TLS_FOLDER, secret: args.certificate.secret },
    ],
    health: {
      budget: probeBudget(HEAD_START_SECONDS),
      ready: HEAD_LIVES,
    },
    terminationSeconds: 60,
    checksum: args.certificate.checksum,
  });
  const scales = args.replicas.most > args.replicas.least;
  return scales ? withToken(head) : head;
}

function withToken(template: PodTemplate): PodTemplate {
  const spec = template.spec as k8s.types.input.core.v1.PodSpec;
  return { ...template, spec: { ...spec, automountServiceAccountToken: true } };
}
