/**
 * What the engine tells while it works; display/ turns it into a tree, plain lines or JSON.
 * Secrets are already replaced by "[secret]" in every text and every value here.
 */
import type { DiffBasis, PropertyChange } from "./provider.ts";
import type { PropertyMap } from "./values.ts";

/** Pulumi's step names. */
export type StepKind =
  | "same"
  | "create"
  | "update"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "delete"
  | "read"
  | "refresh";

export interface StepDescription {
  readonly kind: StepKind;
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly parent: string | undefined;
  readonly custom: boolean;
  readonly changes: Readonly<Record<string, PropertyChange>>;
  readonly replaces: readonly string[];
  readonly basis: DiffBasis | undefined;
  /** Old and new inputs, secrets masked; for displays of changed paths and for previews. */
  readonly oldInputs: PropertyMap | undefined;
  readonly inputs: PropertyMap | undefined;
  readonly oldOutputs: PropertyMap | undefined;
  readonly protect: boolean;
}

export interface PolicyViolation {
  readonly pack: string;
  readonly packVersion: string;
  readonly policy: string;
  readonly urn: string;
  readonly message: string;
  readonly level: "advisory" | "mandatory" | "remediate" | "disabled";
  /** True where unknown values kept the rule from judging: never a pass. */
  readonly notEvaluated: boolean;
}

export type EngineEvent =
  | { readonly type: "step-start"; readonly step: StepDescription }
  | { readonly type: "step-status"; readonly urn: string; readonly status: string }
  | { readonly type: "step-done"; readonly step: StepDescription; readonly durationMs: number }
  | { readonly type: "step-failed"; readonly step: StepDescription; readonly error: string }
  | {
      readonly type: "diagnostic";
      readonly severity: "debug" | "info" | "warning" | "error";
      readonly urn: string | undefined;
      readonly message: string;
    }
  | { readonly type: "policy"; readonly violation: PolicyViolation }
  | { readonly type: "outputs"; readonly outputs: PropertyMap }
  | {
      readonly type: "summary";
      readonly counts: ChangeCounts;
      readonly durationMs: number;
      readonly simulated: boolean;
    };

export interface ChangeCounts {
  readonly create: number;
  readonly update: number;
  readonly replace: number;
  readonly delete: number;
  readonly same: number;
}
