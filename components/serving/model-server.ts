/** The model servers of one model: equal pods of one engine behind the Service `model-<name>`. */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { type CertificateHandle, TLS_FOLDER } from "../certificates.ts";
import type { Transform } from "../component.ts";
import type { Program, Resources } from "../pod-template.ts";
import { deployment, disruptionBudget } from "../replicated-program.ts";
import { probeBudget } from "../sizing/probes.ts";
import type { EnginePreset } from "./engine-preset.ts";
import {
  engineContext,
  MODEL_LABEL,
  MODEL_PORT,
  MODEL_SERVER,
  type ModelArgs,
  ModelComponent,
  modelService,
} from "./model-component.ts";
import { enginePreset, type ModelEngine } from "./model-engines.ts";

export interface ModelServerArgs extends ModelArgs {
  readonly image: string;
  readonly engine: ModelEngine;
  readonly replicas: number;
  readonly resources: Resources;
  readonly certificate: CertificateHandle;
  /** Pods beside those that serve while they are replaced; absent: one, and none that holds GPUs. */
  readonly surge?: number;
  /** Somebody else says how many there are (ScaledModel); `replicas` then is the least. */
  readonly scaled?: boolean;
  readonly priorityClass?: string;
  readonly transform?: {
    readonly deployment?: Transform<k8s.apps.v1.DeploymentArgs>;
  };
}

export class ModelServer extends ModelComponent {
  constructor(name: string, args: ModelServerArgs, options?: pulumi.ComponentResourceOptions) {
    const preset = enginePreset(args.engine, engineContext(args));
    super("ModelServer", name, { ...args, owner: preset.owner }, options);
    const replicated = {
      namespace: args.namespace,
      name: modelService(args.model),
      program: modelProgram(args, preset),
      replicas: args.replicas,
      scaled: args.scaled ?? false,
      startSeconds: preset.startSeconds,
      prepareSeconds: preset.prepareSeconds,
      surge: args.surge ?? (takesDevices(preset) ? 0 : 1),
    };
    const made = deployment(replicated);
    const { transform: { deployment: change } = {} } = args;
    new k8s.apps.v1.Deployment(name, change?.(made) ?? made, { parent: this });
    const budget = disruptionBudget(replicated);
    if (budget !== undefined) new k8s.policy.v1.PodDisruptionBudget(name, budget, { parent: this });
    this.offer(name, args);
  }
}

function modelProgram(args: ModelServerArgs, preset: EnginePreset): Program {
  return {
    ...preset.container,
    name: MODEL_SERVER,
    image: args.image,
    labels: { [MODEL_LABEL]: args.model },
    ports: { api: MODEL_PORT },
    resources: takesDevices(preset)
      ? { ...args.resources, devices: preset.devices }
      : args.resources,
    ...(args.priorityClass === undefined ? {} : { priorityClass: args.priorityClass }),
    mounts: [
      ...preset.container.mounts,
      { name: "tls", path: TLS_FOLDER, secret: args.certificate.secret },
    ],
    health: {
      budget: probeBudget(preset.startSeconds),
      ready: { https: preset.healthPath, port: MODEL_PORT },
    },
    ...(preset.renewsCertificate ? {} : { checksum: args.certificate.checksum }),
  };
}

function takesDevices({ devices }: EnginePreset): boolean {
  return Object.keys(devices).length > 0;
}
