/**
 * What every way of serving a model shares: what the gateway is told of it, its Services, and what its
 * engine is told. Knows no way of serving.
 */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { TLS_FOLDER } from "../certificates.ts";
import { after, Component } from "../component.ts";
import { drainOf } from "../sizing/drain.ts";
import { hostOf, service } from "../stateful-program.ts";
import type { EngineContext } from "./engine-preset.ts";

/** What the gateway must know of a model. */
export interface ModelHandle {
  readonly name: string;
  readonly owner: string;
  readonly contextTokensMax: number;
  readonly capabilities: readonly string[];
  /** That one gateway sends it; undefined: without a bound. */
  readonly callsAtOnce: number | undefined;
  readonly url: pulumi.Output<string>;
}

/** Of every way of serving. */
export interface ModelArgs {
  readonly namespace: string;
  /** What a caller names in `model`. */
  readonly model: string;
  readonly contextTokensMax: number;
  readonly capabilities: readonly string[];
  readonly callsAtOnce?: number | undefined;
  readonly longestStreamSeconds: number;
}

export const MODEL_SERVER = "model-server";
export const MODEL_PORT = 8000;
export const MODEL_LABEL = "deepseek.local/model";

/** The components that offer a model, whatever its engine. */
const KINDS = ["ModelServer", "ModelServerGroup", "RayModelService"] as const;
type Kind = (typeof KINDS)[number];

/** A subclass makes the pods, then `offers` them. */
export abstract class ModelComponent extends Component implements ModelHandle {
  readonly name: string;
  readonly owner: string;
  readonly contextTokensMax: number;
  readonly capabilities: readonly string[];
  readonly callsAtOnce: number | undefined;
  readonly #kind: Kind;
  #url: pulumi.Output<string> | undefined;

  constructor(
    kind: Kind,
    name: string,
    args: ModelArgs & { readonly owner: string },
    options?: pulumi.ComponentResourceOptions,
  ) {
    super(`serving:${kind}`, name, options);
    this.#kind = kind;
    this.name = args.model;
    this.owner = args.owner;
    this.contextTokensMax = args.contextTokensMax;
    this.capabilities = args.capabilities;
    this.callsAtOnce = args.callsAtOnce;
  }

  get url(): pulumi.Output<string> {
    if (this.#url === undefined) throw new Error(`${this.name} is not offered yet`);
    return this.#url;
  }

  /** The Service that callers know, and one with an address for each pod, which Prometheus asks. */
  protected offer(name: string, { namespace, model }: ModelArgs): void {
    const object = modelService(model);
    const shared = {
      namespace,
      program: MODEL_SERVER,
      labels: { [MODEL_LABEL]: model },
      ports: [{ name: "api", port: MODEL_PORT }],
    };
    // A model that gets another engine keeps its Services: made anew under the same name, they would be
    // gone as soon as the former ones are deleted.
    const aliases = KINDS.filter((kind) => kind !== this.#kind).map((kind) => ({
      parent: pulumi.createUrn(name, `deepseek:serving:${kind}`),
    }));
    const parent = { parent: this, aliases };
    const metrics = service({ ...shared, name: `${object}-metrics`, headless: "all" });
    new k8s.core.v1.Service(`${name}-metrics`, metrics, parent);
    const front = new k8s.core.v1.Service(name, service({ ...shared, name: object }), parent);
    this.#url = after(front, `https://${hostOf(object, namespace)}:${MODEL_PORT}`);
    this.registerOutputs({ url: this.#url });
  }
}

/** Kubernetes names know no dots. */
export function modelService(model: string): string {
  return `model-${model.replaceAll(".", "-")}`;
}

export function engineContext(args: ModelArgs): EngineContext {
  return {
    model: args.model,
    contextTokensMax: args.contextTokensMax,
    port: MODEL_PORT,
    tlsFolder: TLS_FOLDER,
    drain: drainOf(args.longestStreamSeconds).modelServer,
  };
}
