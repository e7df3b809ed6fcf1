/**
 * The embedded engine: preview, up, refresh and destroy of one stack. It runs the program with
 * Pulumi's own executor and follows Pulumi's own contracts; see docs/engine.md.
 *
 * Every phase ends with a `summary` event. `up` and `destroy` first plan (a preview), then ask
 * `confirm`, then change the world.
 */
import { UserError } from "../base/user-error.ts";
import { deleteRest } from "./apply/deletions.ts";
import { Journal } from "./apply/journal.ts";
import { type Execute, executeProgram, runProgram } from "./apply/program-phase.ts";
import { recover } from "./apply/recovery.ts";
import { refreshAll } from "./apply/refresh.ts";
import { Reporter } from "./apply/reporter.ts";
import { Run } from "./apply/run.ts";
import { StoppedError } from "./apply/stopped.ts";
import { wholeEnvironment } from "./host/config.ts";
import type { OperationOptions, OperationResult } from "./operation.ts";
import { type Analyzer, startAnalyzer } from "./policy/analyzer.ts";
import { createBuiltinProvider } from "./providers/builtin.ts";
import type { ProviderFactories } from "./providers/factory.ts";
import { ProviderRegistry } from "./providers/registry.ts";
import type { Snapshot } from "./resource.ts";
import type { HistoryEntry } from "./state/store.ts";
import type { PropertyMap } from "./values.ts";

type Verb = "program" | "destroy" | "refresh";

interface Phase {
  readonly verb: Verb;
  readonly preview: boolean;
  readonly base: Snapshot | undefined;
  readonly analyzers: Promise<readonly Analyzer[]>;
  readonly execute: Execute;
}

interface PhaseResult extends OperationResult {
  /** Would the disk have to learn anything? */
  readonly changed: boolean;
}

export async function preview(
  options: OperationOptions,
  factories: ProviderFactories,
  execute: Execute = executeProgram,
): Promise<OperationResult> {
  const base = await loadBase(options);
  return withAnalyzers(options, async (analyzers) => {
    const phase: Phase = { verb: "program", preview: true, base, analyzers, execute };
    return (await runPhase(options, factories, phase)).result;
  });
}

/** `execute` is replaced by tests that bring their program along. */
export function up(
  options: OperationOptions,
  factories: ProviderFactories,
  execute: Execute = executeProgram,
): Promise<OperationResult> {
  return change("update", options, factories, execute);
}

/**
 * An update without a plan before it, for a graph that touches nothing (a simulated cloud, no
 * cluster): nobody is asked, since nothing can be lost, and the program runs once instead of twice.
 */
export async function simulate(
  options: OperationOptions,
  factories: ProviderFactories,
  execute: Execute = executeProgram,
): Promise<OperationResult> {
  if (!options.simulateCloud) throw new Error("only a simulated cloud is changed without a plan");
  const base = await loadBase(options);
  return withAnalyzers(options, async (analyzers) => {
    const phase: Phase = { verb: "program", preview: false, base, analyzers, execute };
    return (await runPhase(options, factories, phase)).result;
  });
}

export function destroy(
  options: OperationOptions,
  factories: ProviderFactories,
): Promise<OperationResult> {
  return change("destroy", options, factories, executeProgram);
}

export async function refresh(
  options: OperationOptions,
  factories: ProviderFactories,
): Promise<OperationResult> {
  const lock = await options.store.lock("refresh");
  try {
    const startTime = Date.now();
    const base = await loadBase(options);
    const phase: Phase = { ...REFRESH, base };
    const { result } = await runPhase(options, factories, phase);
    if (!result.ok || !result.changed || result.snapshot === undefined) return result;
    if (!(await options.confirm(result))) return result;
    await options.store.save(result.snapshot);
    await options.store.appendHistory(historyEntry("refresh", options, startTime, result));
    return result;
  } finally {
    await lock.release();
  }
}

const REFRESH: Phase = {
  verb: "refresh",
  preview: true,
  base: undefined,
  analyzers: Promise.resolve([]),
  execute: executeProgram,
};

async function change(
  kind: "update" | "destroy",
  options: OperationOptions,
  factories: ProviderFactories,
  execute: Execute,
): Promise<OperationResult> {
  const lock = await options.store.lock(kind);
  try {
    const startTime = Date.now();
    const base = await loadBase(options);
    const verb: Verb = kind === "destroy" ? "destroy" : "program";
    const judging = verb === "program" ? options : { ...options, policyPacks: [] };
    return await withAnalyzers(judging, async (analyzers) => {
      const phase: Phase = { verb, preview: true, base, analyzers, execute };
      const plan = await runPhase(options, factories, phase);
      if (!plan.result.ok) return plan.result;
      // Every value is known and nothing differs: running the program again would do nothing.
      const idle = !plan.result.changed;
      if (!idle && !(await options.confirm(plan.result))) return plan.result;
      // A disk that takes no write is found out before the first change of the world.
      if (!idle) await options.store.save(base ?? emptySnapshot(options));
      const done = idle
        ? plan.result
        : (await runPhase(options, factories, { ...phase, preview: false })).result;
      await options.store.appendHistory(historyEntry(kind, options, startTime, done));
      return done;
    });
  } finally {
    await lock.release();
  }
}

/** Policy packs judge what a program wants; they start once and serve plan and update. */
async function withAnalyzers<T>(
  options: OperationOptions,
  work: (analyzers: Promise<readonly Analyzer[]>) => Promise<T>,
): Promise<T> {
  const program = { ...options, environment: wholeEnvironment(options.environment) };
  const started = options.policyPacks.map((pack) => startAnalyzer(pack, program));
  const analyzers = Promise.all(started);
  // A pack that cannot start is told by the first registration that waits for it.
  analyzers.catch(() => {});
  try {
    return await work(analyzers);
  } finally {
    const opened = await Promise.allSettled(started);
    await Promise.all(
      opened.map((pack) => (pack.status === "fulfilled" ? pack.value.close() : undefined)),
    );
  }
}

async function runPhase(
  options: OperationOptions,
  factories: ProviderFactories,
  phase: Phase,
): Promise<{ result: PhaseResult }> {
  const all: ProviderFactories = {
    ...factories,
    pulumi: () => createBuiltinProvider(options.stackOutputs),
  };
  const registry = new ProviderRegistry(all, {
    simulateCloud: options.simulateCloud,
    environment: wholeEnvironment(options.environment),
    config: options.config,
  });
  const journal = new Journal({
    base: phase.base,
    simulated: options.simulateCloud,
    save: phase.preview ? undefined : (snapshot) => options.store.save(snapshot),
  });
  const reporter = new Reporter(options.onEvent, options.simulateCloud);
  for (const { value, secret } of Object.values(options.config)) {
    if (secret) reporter.mask.learnSetting(value);
  }
  let outputs: PropertyMap = {};
  try {
    const newRun = (told: Reporter) => makeRun(options, phase, registry, journal, told);
    await recover(newRun(reporter));
    outputs = await work(options, phase, reporter, newRun);
    if (phase.preview) {
      for (const fault of await registry.previewFaults(options.signal)) reporter.fail(fault);
    }
    await journal.save();
  } catch (error) {
    reporter.fail(error instanceof StoppedError ? interrupted(phase) : error);
  } finally {
    await registry.close();
  }
  if (options.signal.aborted) reporter.fail(interrupted(phase));
  throwSingleFault(reporter, phase);
  const result = reporter.finish(outputs, journal.snapshot());
  return { result: { ...result, changed: journal.changed } };
}

async function work(
  options: OperationOptions,
  phase: Phase,
  reporter: Reporter,
  newRun: (reporter: Reporter) => Run,
): Promise<PropertyMap> {
  if (phase.verb === "refresh") {
    await refreshAll(newRun(reporter));
    return {};
  }
  if (options.refresh) {
    // Its steps are told, and counted apart: they are no changes of this operation.
    const looking = new Reporter(options.onEvent, options.simulateCloud);
    await refreshAll(newRun(looking));
    for (const failure of looking.failures) reporter.fail(failure);
    if (looking.failures.length > 0) return {};
  }
  const run = newRun(reporter);
  if (phase.verb === "destroy") {
    await deleteRest(run);
    return {};
  }
  for (const analyzer of run.options.judged ? await phase.analyzers : []) {
    await analyzer.configure(phase.preview);
  }
  return runProgram(run, options, phase.execute);
}

function makeRun(
  options: OperationOptions,
  phase: Phase,
  registry: ProviderRegistry,
  journal: Journal,
  reporter: Reporter,
): Run {
  return new Run({
    stack: options.stack,
    project: options.project,
    preview: phase.preview,
    parallel: options.parallel,
    targets: options.targets,
    signal: options.signal,
    registry,
    journal,
    reporter,
    analyzers: phase.analyzers,
    judged: options.policyPacks.length > 0 && phase.verb === "program",
    blocking: options.violationsBlock ?? true,
  });
}

/** Before anything was changed, one expected failure is shown as such: one screen, exit code 2. */
function throwSingleFault(reporter: Reporter, phase: Phase): void {
  if (!phase.preview || reporter.errorCount !== 1) return;
  const [fault] = reporter.failures;
  if (fault instanceof UserError) throw fault;
}

function interrupted(phase: Phase): Error {
  return new UserError("interrupted", {
    fix: phase.preview
      ? "Nothing was changed."
      : "The state is saved; run the same command again to finish.",
    exitCode: phase.preview ? 2 : 1,
  });
}

function emptySnapshot(options: OperationOptions): Snapshot {
  return new Journal({
    base: undefined,
    simulated: options.simulateCloud,
    save: undefined,
  }).snapshot();
}

async function loadBase(options: OperationOptions): Promise<Snapshot | undefined> {
  const base = await options.store.load();
  if (base === undefined || base.resources.length === 0) return base;
  if (base.simulated === options.simulateCloud) return base;
  throw new UserError(
    base.simulated
      ? `the state of ${options.stack} was made with the simulated cloud`
      : `the state of ${options.stack} belongs to a real cloud`,
    {
      where: `stack ${options.stack}`,
      fix: base.simulated
        ? "Add --simulate-cloud, or deploy to a real cloud under another stack name."
        : "Leave --simulate-cloud out, or simulate under another stack name.",
    },
  );
}

function historyEntry(
  kind: HistoryEntry["kind"],
  options: OperationOptions,
  startTime: number,
  result: OperationResult,
): HistoryEntry {
  return {
    kind,
    startTime,
    endTime: Date.now(),
    message: options.message,
    result: result.ok ? "succeeded" : "failed",
    environment: {},
    // Secrets of the configuration have no place in the history.
    config: Object.fromEntries(Object.entries(options.config).filter(([, { secret }]) => !secret)),
    resourceChanges: result.counts,
  };
}
