/** `get` resources and StackReferences: looked at, kept in the state as external, never changed. */
import { UserError } from "../../base/user-error.ts";
import { equal } from "../plan/compare.ts";
import type { ReadGoal } from "../plan/goal.ts";
import { markOutputs } from "../plan/state.ts";
import type { ResourceState } from "../resource.ts";
import { makeUrn } from "../urn.ts";
import { containsUnknown, isUnknown, type PropertyMap, UNKNOWN } from "../values.ts";
import type { Registered, Registrar } from "./registrar.ts";
import type { Run } from "./run.ts";

export async function readResource(
  run: Run,
  registrar: Registrar,
  goal: ReadGoal,
): Promise<Registered> {
  run.proceed();
  const { stack, project } = run.options;
  const urn = makeUrn(stack, project, goal.parent, goal.type, goal.name);
  try {
    registrar.claimUrn(urn);
    const provider = await registrar.providerReference({ ...goal, custom: true });
    const handle = run.olds.get(urn);
    const old = handle === undefined ? undefined : run.journal.current(handle);
    if (isUnknown(goal.id)) {
      if (old !== undefined && handle !== undefined) run.journal.put(old, handle);
      return { urn, id: "", outputs: unknownOutputs(goal), unknown: true };
    }
    const planned = plannedRead(goal, urn, provider);
    return await run.limiter.run(() =>
      run.reporter.step({ kind: "read", old, now: planned }, async () => {
        run.proceed();
        const state = await read(run, planned, goal);
        record(run, state, handle, old);
        return { state, value: { urn, id: goal.id, outputs: state.outputs ?? {}, unknown: false } };
      }),
    );
  } catch (error) {
    run.reporter.fail(error, urn);
    throw error;
  }
}

function plannedRead(goal: ReadGoal, urn: string, provider: string | undefined): ResourceState {
  return {
    urn,
    custom: true,
    id: goal.id,
    type: goal.type,
    inputs: goal.inputs,
    external: true,
    ...(goal.parent === undefined ? {} : { parent: goal.parent }),
    ...(goal.dependencies.length === 0 ? {} : { dependencies: goal.dependencies }),
    ...(provider === undefined ? {} : { provider }),
    ...(goal.additionalSecretOutputs.length === 0
      ? {}
      : { additionalSecretOutputs: goal.additionalSecretOutputs }),
  };
}

async function read(run: Run, planned: ResourceState, goal: ReadGoal): Promise<ResourceState> {
  const provider = await run.providerFor(planned.type, planned.provider);
  const found = await provider.read({
    ...run.request({ urn: planned.urn, type: goal.type, name: goal.name }),
    id: goal.id,
    inputs: {},
    outputs: goal.inputs,
  });
  if (found === undefined) {
    throw new UserError(`there is no ${goal.type} with the id ${goal.id}`, {
      where: planned.urn,
      fix: "Correct the id, or create it before this program runs.",
    });
  }
  const state = { ...planned, outputs: markOutputs(found.outputs, planned) };
  run.reporter.mask.learn(state.outputs);
  return state;
}

/** A resource that was managed and is now only looked at is let go, never deleted. */
function record(
  run: Run,
  state: ResourceState,
  handle: ResourceState | undefined,
  old: ResourceState | undefined,
): void {
  if (old === undefined || handle === undefined) {
    run.journal.put(state);
    return;
  }
  const { created: _created, modified: _modified, ...rest } = old;
  run.journal.put(equal(rest, state) ? old : state, handle);
}

function unknownOutputs(goal: ReadGoal): PropertyMap {
  return Object.fromEntries(
    Object.entries(goal.inputs).map(([key, value]) => [
      key,
      containsUnknown(value) ? UNKNOWN : value,
    ]),
  );
}
