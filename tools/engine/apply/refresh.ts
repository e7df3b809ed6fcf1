/** Looks at every resource of the state as it is in the world, and writes down what it finds. */
import { changedPaths } from "../plan/compare.ts";
import { references } from "../plan/deletion-order.ts";
import { markOutputs } from "../plan/state.ts";
import type { ResourceState } from "../resource.ts";
import { isProviderType } from "../urn.ts";
import { markSecretsLike, type PropertyMap } from "../values.ts";
import type { Run } from "./run.ts";

interface Held {
  readonly old: ResourceState;
  readonly now: ResourceState;
}

export async function refreshAll(run: Run): Promise<void> {
  const gone = new Set<string>();
  await Promise.all(
    run.journal
      .remaining()
      .filter(({ now }) => isRefreshable(now) && run.isTarget(now.urn, now.type))
      .map(async (held) => {
        const exists = await run.limiter.run(() => refreshOne(run, held)).catch(() => true);
        if (!exists) gone.add(held.now.urn);
      }),
  );
  if (gone.size > 0) forgetReferences(run, gone);
  await run.journal.save();
}

function isRefreshable(state: ResourceState): boolean {
  return (
    state.custom &&
    !isProviderType(state.type) &&
    state.id !== undefined &&
    state.delete !== true &&
    state.pendingReplacement !== true
  );
}

/** False where the resource is gone. Failures are reported by the step. */
function refreshOne(run: Run, { old, now }: Held): Promise<boolean> {
  if (run.stopped) return Promise.resolve(true);
  return run.reporter.step({ kind: "refresh", old: now, now }, async () => {
    const provider = await run.providerFor(now.type, now.provider);
    const found = await provider.read({
      ...run.request({ urn: now.urn, type: now.type, name: nameOf(now) }),
      id: now.id ?? "",
      inputs: now.inputs ?? {},
      outputs: now.outputs ?? {},
    });
    if (found === undefined) {
      run.journal.drop(old);
      run.reporter.tally("delete");
      return { value: false };
    }
    const state = refreshed(now, found);
    run.journal.amend(old, state);
    run.reporter.tally(state === now ? "same" : "update");
    return { state, value: true };
  });
}

function refreshed(
  now: ResourceState,
  found: { readonly id: string; readonly inputs: PropertyMap; readonly outputs: PropertyMap },
): ResourceState {
  const inputs = markSecretsLike(found.inputs, now.inputs ?? {}) as PropertyMap;
  const seen = markSecretsLike(found.outputs, now.outputs ?? {}) as PropertyMap;
  const state: ResourceState = { ...now, id: found.id, inputs };
  const outputs = markOutputs(seen, state);
  const drift =
    Object.keys(changedPaths(now.inputs ?? {}, inputs)).length > 0 ||
    Object.keys(changedPaths(now.outputs ?? {}, outputs)).length > 0 ||
    found.id !== now.id;
  if (!drift) return now;
  return { ...state, outputs, modified: new Date().toISOString() };
}

/** What is gone cannot be depended upon: the state must not name it. */
function forgetReferences(run: Run, gone: ReadonlySet<string>): void {
  for (const { old, now } of run.journal.remaining()) {
    if (![...references(now)].some((urn) => gone.has(urn))) continue;
    const { parent, deletedWith, ...rest } = now;
    const keep = (urns: readonly string[]) => urns.filter((urn) => !gone.has(urn));
    run.journal.amend(old, {
      ...rest,
      ...(parent === undefined || gone.has(parent) ? {} : { parent }),
      ...(deletedWith === undefined || gone.has(deletedWith) ? {} : { deletedWith }),
      ...(now.dependencies === undefined ? {} : { dependencies: keep(now.dependencies) }),
      ...(now.propertyDependencies === undefined
        ? {}
        : {
            propertyDependencies: Object.fromEntries(
              Object.entries(now.propertyDependencies).map(([key, urns]) => [key, keep(urns)]),
            ),
          }),
    });
  }
}

function nameOf(state: ResourceState): string {
  return state.urn.slice(state.urn.lastIndexOf("::") + 2);
}
