/**
 * The steps that change the world. Each announces itself in the journal, calls the Pulumi
 * provider, records the result and saves, in this order; a preview does the same without the disk
 * and without the call that deletes.
 */
import { plannedResult, withResult } from "../plan/state.ts";
import { type Diff, InitializationError } from "../provider.ts";
import type { OperationKind, ResourceState } from "../resource.ts";
import { isProviderType, makeReference, packageOf, parseUrn } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import type { Run } from "./run.ts";

interface StepOptions {
  readonly old?: ResourceState | undefined;
  readonly diff?: Diff | undefined;
  readonly timeout?: number | undefined;
  /** Puts the new state into the journal, in place of whatever it replaces. */
  readonly record: (state: ResourceState) => void;
}

export function createResource(
  run: Run,
  planned: ResourceState,
  kind: "create" | "create-replacement",
  options: StepOptions,
): Promise<ResourceState> {
  return run.reporter.step(
    { kind, old: options.old, now: planned, diff: options.diff },
    async () => {
      const state = await (planned.custom
        ? mutate(run, "creating", planned, undefined, options.record, async () => {
            const provider = await run.providerFor(planned.type, planned.provider);
            return provider.create({
              ...run.request(named(planned), options.timeout),
              inputs: planned.inputs ?? {},
            });
          })
        : component(run, planned, undefined, options.record));
      return { state, value: state };
    },
  );
}

export function updateResource(
  run: Run,
  planned: ResourceState,
  old: ResourceState,
  options: StepOptions,
): Promise<ResourceState> {
  return run.reporter.step({ kind: "update", old, now: planned, diff: options.diff }, async () => {
    const state = await (planned.custom
      ? mutate(run, "updating", planned, old, options.record, async () => {
          const provider = await run.providerFor(planned.type, planned.provider);
          const result = await provider.update({
            ...run.request(named(planned), options.timeout),
            id: old.id ?? "",
            oldInputs: old.inputs ?? {},
            oldOutputs: old.outputs ?? {},
            inputs: planned.inputs ?? {},
          });
          return { id: old.id ?? "", outputs: result.outputs };
        })
      : component(run, planned, old, options.record));
    return { state, value: state };
  });
}

export interface DeleteOptions {
  /** True where the object must stay: retained, external, or already owned by a newer record. */
  readonly keepObject: boolean;
  /** Takes the state out of the journal, or marks it. */
  readonly record: () => void;
}

export function deleteResource(
  run: Run,
  state: ResourceState,
  kind: "delete" | "delete-replaced",
  options: DeleteOptions,
): Promise<void> {
  return run.reporter.step({ kind, old: state }, async () => {
    const call = state.custom && !isProviderType(state.type) && !options.keepObject;
    const operation = run.preview || !call ? undefined : await run.journal.begin("deleting", state);
    let gone = false;
    try {
      if (call && !run.preview) {
        const provider = await run.providerFor(state.type, state.provider);
        await provider.delete({
          ...run.request(named(state), state.customTimeouts?.delete),
          id: state.id ?? "",
          inputs: state.inputs ?? {},
          outputs: state.outputs ?? {},
        });
      }
      options.record();
      gone = true;
    } finally {
      // A cancelled delete may have happened: its announcement stays and the next run looks.
      const unsure = run.options.signal.aborted && !gone;
      if (operation !== undefined && !unsure) run.journal.end(operation);
    }
    await run.journal.save();
    return { value: undefined };
  });
}

/** A component has no object of its own: only its record changes. */
async function component(
  run: Run,
  planned: ResourceState,
  old: ResourceState | undefined,
  record: (state: ResourceState) => void,
): Promise<ResourceState> {
  const state = plannedResult(planned, old);
  record(state);
  await run.journal.save();
  return state;
}

async function mutate(
  run: Run,
  type: OperationKind,
  planned: ResourceState,
  old: ResourceState | undefined,
  record: (state: ResourceState) => void,
  call: () => Promise<{ readonly id: string; readonly outputs: PropertyMap }>,
): Promise<ResourceState> {
  const operation = run.preview ? undefined : await run.journal.begin(type, planned);
  let known = false;
  try {
    const result = await call();
    known = true;
    const state = withResult(planned, result, old?.created);
    learnProvider(run, state);
    run.reporter.mask.learn(state.outputs);
    record(state);
    return state;
  } catch (error) {
    if (error instanceof InitializationError) {
      known = true;
      const { id, outputs, reasons: initErrors } = error;
      record(withResult(planned, { id, outputs, initErrors }, old?.created));
    }
    throw error;
  } finally {
    // A call that was cut off may have changed something: the announcement stays for recovery.
    if (operation !== undefined && (known || !run.options.signal.aborted)) {
      run.journal.end(operation);
    }
    await run.journal.save();
  }
}

function learnProvider(run: Run, state: ResourceState): void {
  if (!isProviderType(state.type) || state.id === undefined) return;
  run.registry.set(makeReference(state.urn, state.id), packageOf(state.type), state.inputs ?? {});
}

function named(state: ResourceState): { urn: string; type: string; name: string } {
  return { urn: state.urn, type: state.type, name: parseUrn(state.urn).name };
}
