/** Collects what a run did (steps, counts, errors) and tells it as events, secrets masked. */
import { UserError } from "../../base/user-error.ts";
import type { ChangeCounts, EngineEvent, StepDescription, StepKind } from "../events.ts";
import type { OperationResult } from "../operation.ts";
import { TextMask } from "../plan/masking.ts";
import type { Diff } from "../provider.ts";
import type { ResourceState, Snapshot } from "../resource.ts";
import { isDefaultProvider, isProviderType, parseUrn } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { StoppedError } from "./stopped.ts";

export interface StepFacts {
  readonly kind: StepKind;
  readonly old?: ResourceState | undefined;
  readonly now?: ResourceState | undefined;
  readonly diff?: Diff | undefined;
}

export class Reporter {
  readonly steps: StepDescription[] = [];
  readonly failures: unknown[] = [];
  readonly mask = new TextMask();
  private readonly messages: string[] = [];
  private readonly counts = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };
  private readonly started = performance.now();
  private readonly onEvent: (event: EngineEvent) => void;
  private readonly simulated: boolean;

  constructor(onEvent: (event: EngineEvent) => void, simulated: boolean) {
    this.onEvent = onEvent;
    this.simulated = simulated;
  }

  emit(event: EngineEvent): void {
    this.onEvent(event);
  }

  /** Reports one step from its beginning to its end; a failure is recorded and passed on. */
  async step<T>(facts: StepFacts, work: () => Promise<{ state?: ResourceState; value: T }>) {
    if (isInternal(facts)) return (await work()).value;
    const started = performance.now();
    const step = describe(facts, this.mask);
    this.emit({ type: "step-start", step });
    try {
      const done = await work();
      const finished =
        done.state === undefined ? step : describe({ ...facts, now: done.state }, this.mask);
      this.count(facts.kind);
      this.steps.push(finished);
      this.emit({ type: "step-done", step: finished, durationMs: performance.now() - started });
      return done.value;
    } catch (error) {
      const text = this.textOf(error);
      this.steps.push(step);
      this.emit({ type: "step-failed", step, error: text });
      this.addFailure(error, `${step.type} ${step.name}: ${text}`);
      throw error;
    }
  }

  /** Counts a step that is told under another name: a refresh that found a change. */
  tally(kind: keyof ChangeCounts): void {
    this.counts[kind] += 1;
  }

  /** A step that needs no work: it is only told. */
  told(facts: StepFacts): void {
    if (isInternal(facts)) return;
    const step = describe(facts, this.mask);
    this.count(facts.kind);
    this.steps.push(step);
    this.emit({ type: "step-start", step });
    this.emit({ type: "step-done", step, durationMs: 0 });
  }

  status(urn: string, status: string): void {
    this.emit({ type: "step-status", urn, status: this.mask.apply(status) });
  }

  diagnostic(
    severity: "debug" | "info" | "warning" | "error",
    message: string,
    urn?: string | undefined,
  ): void {
    if (severity === "debug") return;
    const text = this.mask.apply(message);
    this.emit({ type: "diagnostic", severity, urn, message: text });
    if (severity === "error") this.messages.push(text);
  }

  /** An error outside any step (the program, a policy, the state); the same one counts once. */
  fail(error: unknown, urn?: string): void {
    // What was never begun because the run had stopped is no failure of its own.
    if (this.failures.includes(error) || error instanceof StoppedError) return;
    const text = this.textOf(error);
    const where = urn === undefined ? "" : `${parseUrn(urn).type} ${parseUrn(urn).name}: `;
    this.emit({ type: "diagnostic", severity: "error", urn, message: text });
    this.addFailure(error, `${where}${text}`);
  }

  get errorCount(): number {
    return this.messages.length;
  }

  get failed(): boolean {
    return this.failures.length > 0 || this.messages.length > 0;
  }

  finish(outputs: PropertyMap, snapshot: Snapshot | undefined): OperationResult {
    const durationMs = performance.now() - this.started;
    const counts: ChangeCounts = { ...this.counts };
    this.emit({ type: "outputs", outputs: this.mask.values(outputs) });
    this.emit({ type: "summary", counts, durationMs, simulated: this.simulated });
    return {
      ok: !this.failed,
      counts,
      steps: this.steps,
      outputs,
      durationMs,
      errors: this.messages,
      snapshot,
    };
  }

  private addFailure(error: unknown, message: string): void {
    if (this.failures.includes(error)) return;
    this.failures.push(error);
    this.messages.push(message);
  }

  private textOf(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    if (!(error instanceof UserError)) return this.mask.apply(text);
    const where = error.where === undefined ? "" : ` (${error.where})`;
    return this.mask.apply(`${text}${where}. ${error.fix}`);
  }

  private count(kind: StepKind): void {
    switch (kind) {
      case "create":
      case "update":
      case "replace":
      case "delete":
      case "same":
        this.counts[kind] += 1;
        break;
      default:
        // The two halves of a replacement are counted by its "replace"; a read changes nothing.
        break;
    }
  }
}

/** A package's default provider is the engine's doing: Pulumi neither shows nor counts it. */
function isInternal({ old, now }: StepFacts): boolean {
  const state = now ?? old;
  return state !== undefined && isProviderType(state.type) && isDefaultProvider(`${state.urn}::id`);
}

function describe({ kind, old, now, diff }: StepFacts, mask: TextMask): StepDescription {
  const state = now ?? old;
  if (state === undefined) throw new Error("a step needs a resource");
  return {
    kind,
    urn: state.urn,
    type: state.type,
    name: parseUrn(state.urn).name,
    parent: state.parent,
    custom: state.custom,
    changes: diff?.changes ?? {},
    replaces: diff?.replaces ?? [],
    basis: diff?.basis,
    oldInputs: old?.inputs === undefined ? undefined : mask.values(old.inputs),
    inputs: now?.inputs === undefined ? undefined : mask.values(now.inputs),
    oldOutputs: old?.outputs === undefined ? undefined : mask.values(old.outputs),
    protect: state.protect === true,
  };
}
