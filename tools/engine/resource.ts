/**
 * The records of Pulumi's checkpoint (apitype.ResourceV3, DeploymentV3), with its own key names:
 * what is written here is read by the real CLI. Secrets inside `inputs` and `outputs` are plain
 * `secret()` markers in memory and ciphertext on disk (state/).
 */
import type { PropertyMap } from "./values.ts";

export interface ResourceState {
  readonly urn: string;
  readonly custom: boolean;
  readonly delete?: boolean;
  readonly id?: string;
  readonly type: string;
  readonly inputs?: PropertyMap;
  readonly outputs?: PropertyMap;
  readonly parent?: string;
  readonly protect?: boolean;
  readonly external?: boolean;
  readonly dependencies?: readonly string[];
  readonly initErrors?: readonly string[];
  /** `URN::ID` of the Pulumi provider's own resource. */
  readonly provider?: string;
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
  readonly pendingReplacement?: boolean;
  readonly additionalSecretOutputs?: readonly string[];
  readonly aliases?: readonly string[];
  readonly customTimeouts?: {
    readonly create?: number;
    readonly update?: number;
    readonly delete?: number;
  };
  readonly retainOnDelete?: boolean;
  readonly deletedWith?: string;
  readonly created?: string;
  readonly modified?: string;
  readonly sourcePosition?: string;
  readonly ignoreChanges?: readonly string[];
  readonly replaceOnChanges?: readonly string[];
}

export type OperationKind = "creating" | "updating" | "deleting" | "reading" | "importing";

/** An operation that had begun when the checkpoint was written; Pulumi's `pending_operations`. */
export interface PendingOperation {
  readonly resource: ResourceState;
  readonly type: OperationKind;
}

export interface Snapshot {
  readonly manifest: { readonly time: string; readonly magic: string; readonly version: string };
  readonly resources: readonly ResourceState[];
  readonly pendingOperations: readonly PendingOperation[];
  /** Set where the state was made with the simulated cloud. */
  readonly simulated: boolean;
}
