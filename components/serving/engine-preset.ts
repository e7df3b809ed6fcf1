/** What a component must know of an engine, whichever it is. */
import type { Program } from "../pod-template.ts";
import type { Drain } from "../sizing/drain.ts";

export interface EngineContext {
  readonly model: string;
  readonly contextTokensMax: number;
  readonly port: number;
  readonly tlsFolder: string;
  readonly drain: Drain["modelServer"];
}

export interface EnginePreset {
  readonly container: Pick<
    Program,
    | "command"
    | "args"
    | "environment"
    | "fields"
    | "mounts"
    | "preparations"
    | "placement"
    | "serviceAccount"
    | "preStopSeconds"
    | "terminationSeconds"
  >;
  /** What the pod's main container takes of its node's device plugins. */
  readonly devices: Readonly<Record<string, string>>;
  /** Before the engine itself starts. */
  readonly prepareSeconds: number;
  readonly startSeconds: number;
  readonly healthPath: string;
  /** Who owns the model, as /v1/models says it. */
  readonly owner: string;
  /** Reads a new certificate by itself; else its pods are rolled. */
  readonly renewsCertificate: boolean;
}
