/**
 * A model that is larger than a node: groups of pods, one a node, as a LeaderWorkerSet. Layers are
 * shared by the GPUs of a node, and the nodes have some of the layers each. The leader answers;
 * workers have no listener for callers. A group whose pod fails starts again as a whole, since what
 * the others hold is worth nothing without it.
 *
 * The operator (LeaderWorkerSet) makes the headless Service of the group, under the name of the set.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { type CertificateHandle, TLS_FOLDER } from "../certificates.ts";
import { labelsOf, type Transform } from "../component.ts";
import { type Program, podTemplate, type Resources, ZONE } from "../pod-template.ts";
import { probeBudget } from "../sizing/probes.ts";
import { devicesOf } from "./accelerators.ts";
import { MODEL_WORKER, PROCESS_PORT } from "./group-flows.ts";
import {
  engineContext,
  MODEL_LABEL,
  MODEL_PORT,
  MODEL_SERVER,
  type ModelArgs,
  ModelComponent,
} from "./model-component.ts";
import {
  frontArguments,
  networkVariables,
  refuseOtherCount,
  servingArguments,
  type VllmEngine,
  vllm,
} from "./vllm-engine.ts";

export interface ModelServerGroupArgs extends ModelArgs {
  readonly image: string;
  /** Its pipelineParallel is the number of pods in a group. */
  readonly engine: VllmEngine;
  /** Groups. */
  readonly replicas: number;
  /** Of each pod. */
  readonly resources: Resources;
  readonly certificate: CertificateHandle;
  /** Somebody else says how many there are (ScaledModel); `replicas` then is the least. */
  readonly scaled?: boolean;
  /** Groups beside those that serve while one is replaced; absent: none. */
  readonly surge?: number;
  readonly transform?: {
    readonly leaderWorkerSet?: Transform<k8s.apiextensions.CustomResourceArgs>;
  };
}

const EXCLUSIVE = "leaderworkerset.sigs.k8s.io/exclusive-topology";
/** Set by the operator in every container of a group. */
const LEADER = "$(LWS_LEADER_ADDRESS)";
const INDEX = "$(LWS_WORKER_INDEX)";

export class ModelServerGroup extends ModelComponent {
  constructor(name: string, args: ModelServerGroupArgs, options?: pulumi.ComponentResourceOptions) {
    const { owner } = vllm(args.engine, engineContext(args));
    super("ModelServerGroup", name, { ...args, owner }, options);
    const parent = { parent: this };
    const set = leaderWorkerSet(args);
    const made = args.transform?.leaderWorkerSet?.(set) ?? set;
    new k8s.apiextensions.CustomResource(name, made, parent);
    if (args.replicas > 1) {
      new k8s.policy.v1.PodDisruptionBudget(name, leadersBudget(args), parent);
    }
    this.offer(name, args);
  }
}

/** Not `model-<name>`: the operator's headless Service would take the name that callers know. */
export function groupName(model: string): string {
  return `group-${model.replaceAll(".", "-")}`;
}

function leaderWorkerSet(args: ModelServerGroupArgs): k8s.apiextensions.CustomResourceArgs {
  const { engine, replicas, surge = 0 } = args;
  if (engine.pipelineParallel < 2) throw new Error(`${args.model} is no group: one node holds it`);
  refuseOtherCount(engine, engine.tensorParallel);
  return {
    apiVersion: "leaderworkerset.x-k8s.io/v1",
    kind: "LeaderWorkerSet",
    metadata: {
      name: groupName(args.model),
      namespace: args.namespace,
      labels: labelsOf(MODEL_SERVER, { [MODEL_LABEL]: args.model }),
      // All pods of a group in one zone, and no other group there; several groups share the zone of
      // their pool instead, which has only one.
      // Between zones, adapters of AWS do not speak at all.
      ...(replicas > 1 ? {} : { annotations: { [EXCLUSIVE]: ZONE } }),
    },
    spec: {
      ...(args.scaled === true ? {} : { replicas }),
      // The leader waits for its workers by itself, so that all of them read weights at once.
      startupPolicy: "LeaderCreated",
      rolloutStrategy: {
        type: "RollingUpdate",
        rollingUpdateConfiguration: { maxSurge: surge, maxUnavailable: surge > 0 ? 0 : 1 },
      },
      networkConfig: { subdomainPolicy: "Shared" },
      leaderWorkerTemplate: {
        size: engine.pipelineParallel,
        restartPolicy: "RecreateGroupOnPodRestart",
        leaderTemplate: podTemplate(leader(args)),
        workerTemplate: podTemplate(worker(args)),
      },
    },
  };
}

/** Leaders only: who takes a worker away takes its group away, and its leader is counted. */
function leadersBudget(args: ModelServerGroupArgs): k8s.policy.v1.PodDisruptionBudgetArgs {
  const labels = labelsOf(MODEL_SERVER, { [MODEL_LABEL]: args.model });
  return {
    metadata: { name: groupName(args.model), namespace: args.namespace, labels },
    spec: {
      maxUnavailable: 1,
      selector: {
        matchLabels: { "app.kubernetes.io/name": MODEL_SERVER, [MODEL_LABEL]: args.model },
      },
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  };
}

function leader(args: ModelServerGroupArgs): Program {
  const { engine } = args;
  const context = engineContext(args);
  const preset = vllm(engine, context);
  const own = member(args, preset.container.environment);
  return {
    ...preset.container,
    ...own,
    name: MODEL_SERVER,
    args: [
      ...servingArguments(engine, context),
      ...frontArguments(engine, context),
      ...processes(engine, "0"),
    ],
    ports: { api: MODEL_PORT, processes: PROCESS_PORT },
    mounts: [
      ...preset.container.mounts,
      { name: "tls", path: TLS_FOLDER, secret: args.certificate.secret },
    ],
    health: {
      budget: probeBudget(preset.startSeconds),
      ready: { https: preset.healthPath, port: MODEL_PORT },
    },
  };
}

/** Serves its leader alone: no front, no certificate, and nobody asks it how it is. */
function worker(args: ModelServerGroupArgs): Program {
  const { engine } = args;
  const context = engineContext(args);
  const { container } = vllm(engine, context);
  return {
    ...container,
    ...member(args, container.environment),
    name: MODEL_WORKER,
    args: [...servingArguments(engine, context), ...processes(engine, INDEX), "--headless"],
    ports: { processes: PROCESS_PORT },
    // All pods of a group are told to stop at once. A worker that did would break off what its
    // leader still answers, so it sleeps for as long as the leader may take.
    preStopSeconds: (context.drain.graceMs + context.drain.timeoutMs) / 1_000,
    health: null,
  };
}

/** Every process of a group is started alike and finds the leader's, which numbers them. */
function processes({ pipelineParallel }: VllmEngine, rank: string): string[] {
  return [
    "--distributed-executor-backend=mp",
    `--nnodes=${pipelineParallel}`,
    `--node-rank=${rank}`,
    `--master-addr=${LEADER}`,
    `--master-port=${PROCESS_PORT}`,
  ];
}

/** Alike for both: also the leader, which computes as its workers do, has GPUs and adapters. */
function member(args: ModelServerGroupArgs, environment: Program["environment"] = {}) {
  const { accelerator } = args.engine;
  return {
    image: args.image,
    labels: { [MODEL_LABEL]: args.model },
    resources: { ...args.resources, devices: devicesOf(accelerator) },
    environment: {
      ...environment,
      ...networkVariables(accelerator),
    },
    fields: { VLLM_HOST_IP: "status.podIP" },
  };
}
