/**
 * Serves the program's registrations: finds the old state, asks the Pulumi provider and the policy
 * packs, decides, and runs the steps. One Registrar serves one run.
 */
import { UserError } from "../../base/user-error.ts";
import { aliasUrns } from "../plan/aliases.ts";
import { equal } from "../plan/compare.ts";
import {
  checkFailureText,
  type Decision,
  decide,
  needsProviderDiff,
  randomSeed,
  wantedInputs,
} from "../plan/decision.ts";
import { type Goal, PLAIN_GOAL } from "../plan/goal.ts";
import { plannedState, unchangedState } from "../plan/state.ts";
import type { Provider } from "../provider.ts";
import type { ResourceState } from "../resource.ts";
import {
  defaultProviderName,
  isProviderType,
  makeReference,
  makeUrn,
  packageOf,
  parseReference,
  providerType,
  STACK_TYPE,
} from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { judgeResource } from "./policies.ts";
import { replaceResource } from "./replacement.ts";
import type { Run } from "./run.ts";
import { createResource, updateResource } from "./steps.ts";

export interface Registered {
  readonly urn: string;
  readonly id: string;
  readonly outputs: PropertyMap;
  /** The resource was left out (not among the targets): its outputs are unknown. */
  readonly unknown: boolean;
}

/** One registration on its way. */
interface Work {
  readonly goal: Goal;
  readonly urn: string;
  /** Key of the old state in the journal, and what it has become. */
  readonly handle: ResourceState | undefined;
  readonly old: ResourceState | undefined;
  readonly provider: Provider | undefined;
  readonly reference: string | undefined;
}

export class Registrar {
  stackOutputs: PropertyMap = {};
  private readonly run: Run;
  private readonly seen = new Set<string>();
  private readonly aliased = new Map<string, string>();
  private readonly skipped = new Set<string>();
  private readonly defaults = new Map<string, Promise<string>>();

  constructor(run: Run) {
    this.run = run;
  }

  async register(goal: Goal): Promise<Registered> {
    const { run } = this;
    run.proceed();
    const { stack, project } = run.options;
    const urn = makeUrn(stack, project, goal.parent, goal.type, goal.name);
    try {
      this.claimUrn(urn);
      this.run.reporter.mask.learn(goal.inputs);
      const handle = this.findOld(goal, urn);
      if (handle !== undefined) await run.givingWay.get(handle);
      const old = handle === undefined ? undefined : run.journal.current(handle);
      if (!run.isTarget(urn, goal.type) && (goal.custom || old !== undefined)) {
        return this.leaveOut(urn, handle, old);
      }
      this.refuseSkipped(goal, urn);
      const reference = await this.providerReference(goal);
      const provider = goal.custom ? await run.providerFor(goal.type, reference) : undefined;
      return await this.carryOut({ goal, urn, handle, old, provider, reference });
    } catch (error) {
      run.reporter.fail(error, urn);
      throw error;
    }
  }

  /** The outputs a component sets at its end; the root's are the stack's outputs. */
  registerOutputs(urn: string, outputs: PropertyMap): void {
    this.run.proceed();
    this.run.reporter.mask.learn(outputs);
    const state = this.run.journal.get(urn);
    if (state === undefined) {
      throw new Error(`outputs of ${urn}, which was never registered`);
    }
    if (state.type === STACK_TYPE) this.stackOutputs = outputs;
    if (equal(state.outputs ?? {}, outputs)) return;
    this.run.journal.put({ ...state, outputs });
  }

  /** `URN::ID` of the Pulumi provider for a type: the given one or the package's default. */
  async providerReference(
    goal: Pick<Goal, "type" | "custom" | "provider" | "version">,
  ): Promise<string | undefined> {
    if (!goal.custom || isProviderType(goal.type)) return undefined;
    if (goal.provider !== undefined) return goal.provider;
    return this.defaultProvider(packageOf(goal.type), goal.version);
  }

  private defaultProvider(packageName: string, version: string): Promise<string> {
    const key = `${packageName}@${version}`;
    const known = this.defaults.get(key);
    if (known !== undefined) return known;
    const made = this.registerDefault(packageName, version);
    this.defaults.set(key, made);
    return made;
  }

  private async registerDefault(packageName: string, version: string): Promise<string> {
    const inputs = this.run.registry.defaultInputs(packageName);
    const { urn, id } = await this.register({
      type: providerType(packageName),
      name: defaultProviderName(version),
      custom: true,
      ...PLAIN_GOAL,
      inputs: version === "" ? inputs : { ...inputs, version },
    });
    return makeReference(urn, id);
  }

  claimUrn(urn: string): void {
    if (this.seen.has(urn)) {
      throw new UserError("two resources have the same name", {
        where: urn,
        fix: "Give one of them another name or another parent.",
      });
    }
    this.seen.add(urn);
  }

  private findOld(goal: Goal, urn: string): ResourceState | undefined {
    const { olds, options } = this.run;
    const parentAlias = goal.parent === undefined ? undefined : this.aliased.get(goal.parent);
    const candidates = [urn, ...aliasUrns(goal, urn, { ...options, parentAlias })];
    for (const candidate of candidates) {
      const old = olds.get(candidate);
      if (old === undefined || this.run.claimed.has(old)) continue;
      if (this.run.journal.current(old) === undefined) continue;
      this.run.claimed.add(old);
      if (candidate !== urn) this.aliased.set(urn, candidate);
      return old;
    }
    return undefined;
  }

  private leaveOut(
    urn: string,
    handle: ResourceState | undefined,
    old: ResourceState | undefined,
  ): Registered {
    if (old === undefined || handle === undefined) {
      this.skipped.add(urn);
      return { urn, id: "", outputs: {}, unknown: true };
    }
    this.run.journal.put(old, handle);
    this.run.reporter.told({ kind: "same", old, now: old });
    return answer(old);
  }

  private refuseSkipped(goal: Goal, urn: string): void {
    const needed = [goal.parent, goal.deletedWith, ...goal.dependencies].find(
      (name) => name !== undefined && this.skipped.has(name),
    );
    if (needed === undefined) return;
    throw new UserError("a target needs a resource that does not exist yet", {
      where: `${urn} needs ${needed}`,
      fix: "Name both as targets, or run without targets.",
    });
  }

  private async carryOut(work: Work): Promise<Registered> {
    const { run } = this;
    const { goal, urn, old, provider } = work;
    const alias = this.aliased.get(urn);
    const plan = (inputs: PropertyMap) =>
      plannedState({ goal, urn, inputs, provider: work.reference, alias });
    const { planned, decision } = await this.inTurn(provider, async () => {
      const checked = await this.check(work, old, undefined);
      const inputs = await this.judge(plan(checked));
      const decided = await decide(
        { goal, urn, provider, providerReference: work.reference, preview: run.preview },
        old,
        inputs,
        () => this.diffOfProviders(work),
      );
      return { planned: plan(inputs), decision: decided };
    });
    const state = await this.apply(work, planned, decision, plan);
    return answer(state, run.preview && decision.kind === "create");
  }

  /** Components ask no one, so they need no turn. */
  private inTurn<T>(provider: Provider | undefined, work: () => Promise<T>): Promise<T> {
    if (provider === undefined) return work();
    return this.run.limiter.run(() => {
      this.run.proceed();
      return work();
    });
  }

  private async apply(
    work: Work,
    planned: ResourceState,
    decision: Decision,
    plan: (inputs: PropertyMap) => ResourceState,
  ): Promise<ResourceState> {
    const { run } = this;
    const { goal, handle, old, provider } = work;
    const record = (state: ResourceState) => run.journal.put(state, handle);
    if (decision.kind === "create" || old === undefined || handle === undefined) {
      const timeout = goal.customTimeouts.create;
      return this.inTurn(provider, () =>
        createResource(run, planned, "create", { timeout, record }),
      );
    }
    const { diff } = decision;
    if (decision.kind === "same") return this.keep(planned, old, record);
    if (decision.kind === "update") {
      const timeout = goal.customTimeouts.update;
      const identity = old.id === undefined ? planned : { ...planned, id: old.id };
      return this.inTurn(provider, () =>
        updateResource(run, identity, old, { old, diff, timeout, record }),
      );
    }
    // A replacement is a new object: made-up names are made up again.
    const seedOf = old.id ?? "";
    const inputs = await this.inTurn(provider, () => this.check(work, undefined, seedOf));
    const deleteFirst = decision.deleteFirst;
    return replaceResource(run, {
      handle,
      old,
      planned: plan(inputs),
      diff,
      deleteFirst,
      timeout: goal.customTimeouts.create,
    });
  }

  private keep(
    planned: ResourceState,
    old: ResourceState,
    record: (state: ResourceState) => void,
  ): ResourceState {
    const state = unchangedState(planned, old);
    record(state);
    if (isProviderType(state.type) && state.id !== undefined) {
      const reference = makeReference(state.urn, state.id);
      this.run.registry.set(reference, packageOf(state.type), state.inputs ?? {});
    }
    this.run.reporter.told({ kind: "same", old, now: state });
    return state;
  }

  private async check(
    { goal, urn, provider }: Work,
    old: ResourceState | undefined,
    replaced: string | undefined,
  ): Promise<PropertyMap> {
    if (provider === undefined) return goal.inputs;
    const inputs = wantedInputs(goal, old);
    const checked = await provider.check({
      urn,
      type: goal.type,
      name: goal.name,
      oldInputs: old?.external === true ? undefined : old?.inputs,
      inputs,
      randomSeed: randomSeed(this.run.options.stack, urn, replaced),
      preview: this.run.preview,
    });
    if (checked.failures.length === 0) return checked.inputs;
    throw new UserError(checkFailureText(checked), {
      where: urn,
      fix: "Correct these properties in the program.",
    });
  }

  private judge(planned: ResourceState): Promise<PropertyMap> {
    if (!this.run.options.judged) return Promise.resolve(planned.inputs ?? {});
    return judgeResource(this.run, planned);
  }

  private async diffOfProviders({ old, reference }: Work) {
    if (old === undefined || !needsProviderDiff(old, reference)) return undefined;
    const before = this.run.registry.inputsOf(old.provider ?? "");
    const now = this.run.registry.inputsOf(reference ?? "");
    if (before === undefined || now === undefined) return undefined;
    const { urn } = parseReference(reference ?? "");
    return this.run.registry.asProvider().diff({
      urn,
      type: providerType(packageOf(old.type)),
      id: "",
      oldInputs: before,
      oldOutputs: {},
      inputs: now,
      ignoreChanges: [],
      preview: this.run.preview,
    });
  }
}

/** A preview's create has no id yet; Pulumi providers are known by their reference even then. */
function answer(state: ResourceState, planned = false): Registered {
  const id = planned && !isProviderType(state.type) ? "" : (state.id ?? "");
  return { urn: state.urn, id, outputs: state.outputs ?? {}, unknown: false };
}
