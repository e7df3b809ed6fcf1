/** What a verb of the engine is asked to do, and what it answers. The CLI is its only caller. */
import type { ChangeCounts, EngineEvent, StepDescription } from "./events.ts";
import type { EarlyProgram } from "./host/program.ts";
import type { ProgramOptions } from "./host/program-options.ts";
import type { PackSettings } from "./policy/pack-settings.ts";
import type { Snapshot } from "./resource.ts";
import type { StackStore } from "./state/store.ts";
import type { PropertyMap } from "./values.ts";

export interface PolicyPack {
  /** Holds a PulumiPolicy.yaml. */
  readonly folder: string;
  readonly settings?: PackSettings;
}

export interface OperationOptions extends ProgramOptions {
  readonly store: StackStore;
  /** Other stacks' outputs for StackReference: `organization/<project>/<stack>` -> outputs. */
  readonly stackOutputs: (name: string) => Promise<PropertyMap | undefined>;
  readonly simulateCloud: boolean;
  readonly policyPacks: readonly PolicyPack[];
  /** false: what the packs find is told and forbids nothing, as of a revision that is there already. */
  readonly violationsBlock?: boolean;
  /** URNs; empty means everything. */
  readonly targets: readonly string[];
  /** Steps in flight at once, 1-64. */
  readonly parallel: number;
  readonly refresh: boolean;
  readonly message: string;
  readonly onEvent: (event: EngineEvent) => void;
  /** Asked after the plan and before the first change; false leaves everything as it is. */
  readonly confirm: (plan: OperationResult) => Promise<boolean>;
  readonly signal: AbortSignal;
  /** The first preview takes this program instead of starting its own. */
  readonly early?: EarlyProgram;
}

export interface OperationResult {
  readonly ok: boolean;
  readonly counts: ChangeCounts;
  readonly steps: readonly StepDescription[];
  readonly outputs: PropertyMap;
  readonly durationMs: number;
  /** One text per failed step, program error or mandatory policy violation. */
  readonly errors: readonly string[];
  readonly snapshot: Snapshot | undefined;
}
