/**
 * The contract between the engine and a Pulumi provider built into it (kubernetes, random, the
 * simulated cloud). It follows Pulumi's ResourceProvider protocol: check, diff, create, read,
 * update, delete, invoke. Values may hold unknowns during a preview and secrets at any time; a
 * Pulumi provider that does not care about secrets calls `revealMap` first, and the engine marks
 * its outputs again with `markSecretsLike`.
 */
import type { PropertyMap, PropertyValue } from "./values.ts";

/** A path into a property map, as Pulumi writes it: `spec.template.spec.containers[0].image`. */
export type PropertyPath = string;

export interface CheckFailure {
  readonly property: PropertyPath;
  /** What is wrong and what would be right, one sentence each. */
  readonly reason: string;
}

export interface CheckResult {
  readonly inputs: PropertyMap;
  readonly failures: readonly CheckFailure[];
}

export type ChangeKind = "add" | "update" | "delete";

export interface PropertyChange {
  readonly kind: ChangeKind;
  /** Does this property force a replacement? */
  readonly replace: boolean;
}

/**
 * How the answer was found: by asking the cluster (dry run), by a tested table, or not at all
 * (an AWS property in no table). The display repeats it, and previews list `unknown` as danger.
 */
export type DiffBasis = "cluster" | "table" | "unknown-effect";

export interface Diff {
  readonly changes: Readonly<Record<PropertyPath, PropertyChange>>;
  /** Paths (top level or nested) that force a replacement; empty means an update in place. */
  readonly replaces: readonly PropertyPath[];
  readonly deleteBeforeReplace: boolean;
  readonly basis?: DiffBasis;
}

export interface ResourceRequest {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** In a preview nothing may be changed; computed outputs are UNKNOWN and ids are empty. */
  readonly preview: boolean;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
  /** Says what is being waited for, shown live: "2 of 3 replicas ready". */
  readonly report: (status: string) => void;
}

export interface CheckRequest {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly oldInputs: PropertyMap | undefined;
  readonly inputs: PropertyMap;
  /** 32 bytes, equal for equal (urn, stack); a new one when a resource is replaced. */
  readonly randomSeed: Uint8Array;
  readonly preview: boolean;
}

export interface DiffRequest {
  readonly urn: string;
  readonly type: string;
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
  readonly inputs: PropertyMap;
  readonly ignoreChanges: readonly PropertyPath[];
  readonly preview: boolean;
}

export interface CreateRequest extends ResourceRequest {
  readonly inputs: PropertyMap;
}

export interface UpdateRequest extends ResourceRequest {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
  readonly inputs: PropertyMap;
}

export interface DeleteRequest extends ResourceRequest {
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
}

export interface ReadRequest extends ResourceRequest {
  readonly id: string;
  /** Empty for a resource that is read (`get`) rather than managed. */
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
}

export interface ResourceResult {
  readonly id: string;
  readonly outputs: PropertyMap;
}

export interface ReadResult extends ResourceResult {
  readonly inputs: PropertyMap;
}

export interface Provider {
  /** Checks the Pulumi provider's own configuration; also says what an absent value defaults to. */
  checkConfig(inputs: PropertyMap): Promise<CheckResult>;
  /** Would this change of configuration replace everything the Pulumi provider manages? */
  diffConfig(oldInputs: PropertyMap, inputs: PropertyMap): Promise<Diff>;
  /** Called once before any other call below; a preview may hold unknowns. */
  configure(inputs: PropertyMap): Promise<void>;
  check(request: CheckRequest): Promise<CheckResult>;
  diff(request: DiffRequest): Promise<Diff>;
  create(request: CreateRequest): Promise<ResourceResult>;
  update(request: UpdateRequest): Promise<{ readonly outputs: PropertyMap }>;
  delete(request: DeleteRequest): Promise<void>;
  /** undefined: the resource is gone. */
  read(request: ReadRequest): Promise<ReadResult | undefined>;
  invoke(
    token: string,
    args: PropertyMap,
    preview: boolean,
  ): Promise<Record<string, PropertyValue>>;
  /** What no resource alone could tell, asked once when a preview of the whole program has ended. */
  previewFaults?(signal: AbortSignal): Promise<readonly Error[]>;
  close(): Promise<void>;
}

/**
 * A create or update that changed the world but did not become ready (a Deployment whose pods
 * crash). The engine records id and outputs with `initErrors`, as Pulumi does, and the next
 * update tries again.
 */
export class InitializationError extends Error {
  readonly id: string;
  readonly outputs: PropertyMap;
  readonly reasons: readonly string[];

  constructor(id: string, outputs: PropertyMap, reasons: readonly string[]) {
    super(reasons.join("; "));
    this.name = "InitializationError";
    this.id = id;
    this.outputs = outputs;
    this.reasons = reasons;
  }
}
