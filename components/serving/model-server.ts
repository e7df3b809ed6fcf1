/** The model servers of one model: equal pods of one engine behind the Service `model-<name>`. */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { type CertificateHandle, TLS_FOLDER } from "../certificates.ts";
import { after, Component, type Labels, type Transform } from "../component.ts";
import type { Program, Resources } from "../pod-template.ts";
import { deployment, disruptionBudget } from "../replicated-program.ts";
import { drainOf } from "../sizing/drain.ts";
import { probeBudget } from "../sizing/probes.ts";
import { hostOf, service } from "../stateful-program.ts";
import type { EnginePreset } from "./engine-preset.ts";
import { enginePreset, type ModelEngine } from "./model-engines.ts";

export interface ModelServerArgs {
  readonly namespace: string;
  readonly image: string;
  /** What a caller names in `model`. */
  readonly model: string;
  readonly engine: ModelEngine;
  readonly replicas: number;
  readonly contextTokensMax: number;
  readonly capabilities: readonly string[];
  readonly resources: Resources;
  readonly certificate: CertificateHandle;
  readonly longestStreamSeconds: number;
  /** Pods beside those that serve while they are replaced; absent: one, and none that holds GPUs. */
  readonly surge?: number;
  /** Somebody else says how many there are (ScaledModel); `replicas` then is the least. */
  readonly scaled?: boolean;
  readonly priorityClass?: string;
  readonly transform?: {
    readonly deployment?: Transform<k8s.apps.v1.DeploymentArgs>;
  };
}

/** What the gateway must know of a model. */
export interface ModelHandle {
  readonly name: string;
  readonly owner: string;
  readonly contextTokensMax: number;
  readonly capabilities: readonly string[];
  readonly url: pulumi.Output<string>;
}

export const MODEL_SERVER = "model-server";
export const MODEL_PORT = 8000;
export const MODEL_LABEL = "deepseek.local/model";

export class ModelServer extends Component implements ModelHandle {
  readonly name: string;
  readonly owner: string;
  readonly contextTokensMax: number;
  readonly capabilities: readonly string[];
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: ModelServerArgs, options?: pulumi.ComponentResourceOptions) {
    super("serving:ModelServer", name, options);
    const preset = enginePreset(args.engine, {
      model: args.model,
      contextTokensMax: args.contextTokensMax,
      port: MODEL_PORT,
      tlsFolder: TLS_FOLDER,
      drain: drainOf(args.longestStreamSeconds).modelServer,
    });
    const program = modelProgram(args, preset);
    const object = modelService(args.model);
    const replicated = {
      namespace: args.namespace,
      name: object,
      program,
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
    const front = modelServices(this, name, { ...args, labels: { [MODEL_LABEL]: args.model } });
    this.name = args.model;
    this.owner = preset.owner;
    this.contextTokensMax = args.contextTokensMax;
    this.capabilities = args.capabilities;
    this.url = after(front, `https://${hostOf(object, args.namespace)}:${MODEL_PORT}`);
    this.registerOutputs({ url: this.url });
  }
}

/** Kubernetes names know no dots. */
export function modelService(model: string): string {
  return `model-${model.replaceAll(".", "-")}`;
}

/** The Service that callers know, and one with an address for each pod, which Prometheus asks. */
export function modelServices(
  parent: pulumi.Resource,
  name: string,
  pods: { readonly namespace: string; readonly model: string; readonly labels: Labels },
): k8s.core.v1.Service {
  const object = modelService(pods.model);
  const shared = {
    namespace: pods.namespace,
    program: MODEL_SERVER,
    labels: pods.labels,
    ports: [{ name: "api", port: MODEL_PORT }],
  };
  const metrics = service({ ...shared, name: `${object}-metrics`, headless: "all" });
  new k8s.core.v1.Service(`${name}-metrics`, metrics, { parent });
  return new k8s.core.v1.Service(name, service({ ...shared, name: object }), { parent });
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
