/**
 * The end of an update (what the program no longer names) and all of a destroy: deletions in
 * reverse dependency order, as many at once as their dependencies allow.
 */
import { UserError } from "../../base/user-error.ts";
import { deleteAfter, references } from "../plan/deletion-order.ts";
import type { ResourceState } from "../resource.ts";
import { parseUrn } from "../urn.ts";
import { refuseProtected } from "./replacement.ts";
import type { Run } from "./run.ts";
import { deleteResource } from "./steps.ts";

interface Candidate {
  readonly old: ResourceState;
  readonly now: ResourceState;
}

/** Failures are reported; those that depend on a failed deletion are left as they are. */
export async function deleteRest(run: Run): Promise<void> {
  const remaining = run.journal.remaining();
  const candidates = remaining.filter(({ now }) => run.isTarget(now.urn, now.type));
  const wanted = dropUnusedProviders(run, candidates, remaining);
  try {
    for (const { now } of wanted) {
      if (now.protect === true && now.delete !== true) refuseProtected(now, "deleted");
    }
    refuseLeftDependents(run, wanted, remaining);
  } catch (error) {
    run.reporter.fail(error);
    return;
  }
  const states = wanted.map(({ now }) => now);
  const going = new Set(states.filter((s) => s.retainOnDelete !== true).map((s) => s.urn));
  const after = deleteAfter(states);
  const done: Promise<boolean>[] = [];
  for (let index = wanted.length - 1; index >= 0; index--) {
    const candidate = wanted[index];
    if (candidate === undefined) continue;
    const before = (after[index] ?? []).map((later) => done[later] ?? Promise.resolve(true));
    done[index] = Promise.all(before).then((results) =>
      results.every(Boolean) ? deleteOne(run, candidate, going) : false,
    );
  }
  await Promise.all(done);
}

/** With targets, a Pulumi provider goes only where nothing that stays needs it. */
function dropUnusedProviders(
  run: Run,
  candidates: readonly Candidate[],
  remaining: readonly Candidate[],
): Candidate[] {
  if (run.options.targets.length === 0) return [...candidates];
  const targets = new Set(run.options.targets);
  const chosen = candidates.filter(({ now }) => targets.has(now.urn));
  return remaining.filter((candidate) => chosen.includes(candidate));
}

function refuseLeftDependents(
  run: Run,
  wanted: readonly Candidate[],
  remaining: readonly Candidate[],
): void {
  if (run.options.targets.length === 0) return;
  const going = new Set(wanted.filter(({ now }) => now.delete !== true).map(({ now }) => now.urn));
  const staying = [
    ...remaining.filter((candidate) => !wanted.includes(candidate)).map(({ now }) => now),
    ...run.journal.freshStates(),
  ];
  const left = staying.filter((state) => [...references(state)].some((urn) => going.has(urn)));
  if (left.length === 0) return;
  const names = left.map((state) => parseUrn(state.urn).name);
  throw new UserError(`the targets are still needed by ${names.join(", ")}`, {
    where: left.map((state) => state.urn).join(", "),
    fix: "Name these as targets as well, or run without targets.",
  });
}

async function deleteOne(
  run: Run,
  { old, now }: Candidate,
  going: ReadonlySet<string>,
): Promise<boolean> {
  try {
    return await run.limiter.run(async () => {
      if (run.stopped) return false;
      await deleteResource(run, now, now.delete === true ? "delete-replaced" : "delete", {
        keepObject: keepsObject(run, now, going),
        record: () => run.journal.drop(old),
      });
      return true;
    });
  } catch {
    // Already reported by the step.
    return false;
  }
}

function keepsObject(run: Run, state: ResourceState, going: ReadonlySet<string>): boolean {
  if (state.external === true || state.retainOnDelete === true) return true;
  // Deleted before its replacement, which then was no longer wanted.
  if (state.pendingReplacement === true) return true;
  if (state.deletedWith !== undefined && going.has(state.deletedWith)) return true;
  // A replacement that was interrupted and repeated may have taken over the very same object.
  return state.delete === true && run.journal.get(state.urn)?.id === state.id;
}
