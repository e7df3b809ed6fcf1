/**
 * `preview --against REF` and `--state FILE`: what the working tree would change compared with another
 * revision or an exported state, as a comment for reviewers. No account, no cluster, no credential.
 */
import { access, readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Exemption } from "../../policies/judging/exemptions.ts";
import { UserError } from "../base/user-error.ts";
import type { EngineEvent, PolicyViolation } from "../engine/events.ts";
import { EarlyProgram } from "../engine/host/program.ts";
import type { OperationOptions } from "../engine/operation.ts";
import type { Snapshot } from "../engine/resource.ts";
import { createDeploymentCodec } from "../engine/state/checkpoint.ts";
import { decodeExport } from "../engine/state/exported.ts";
import { MemoryStore } from "../engine/state/memory-store.ts";
import type { ConfigValue } from "../engine/values.ts";
import { checkOutBase, headOf } from "../preview/base-revision.ts";
import { buildReport, type Planned, type Revision, refusalOf } from "../preview/build-report.ts";
import { withoutCredentials } from "../preview/credentials.ts";
import type { BorneFaults } from "../preview/exemptions.ts";
import type { Report } from "../preview/report.ts";
import { inspectLocal } from "./local-stack.ts";
import { policyPacks } from "./policy-packs.ts";
import {
  configuration,
  embeddedProviders,
  openSession,
  type Session,
  SIMULATED_CLOUD,
  sessionAt,
} from "./session.ts";
import type { Call } from "./verb.ts";

type Config = Readonly<Record<string, ConfigValue>>;

export async function reportAgainst(call: Call): Promise<Report> {
  const ref = call.flags.text("against");
  const session = await openSession(call);
  return ref === undefined ? againstState(session) : againstRevision(session, ref);
}

/** Whatever a comparison fetches is fetched, so that the programs can then run without a network. */
export async function prepareBase(call: Call): Promise<number> {
  const session = await openSession(call);
  const base = await checkOut(session, call.flags.text("against") ?? "");
  await base.release();
  return 0;
}

function checkOut({ projectDir, environment, call }: Session, ref: string) {
  const { cacheDir, variables } = environment;
  const { signal } = call;
  return checkOutBase({ projectDir, ref, cacheDir, environment: variables, signal, onNotice: say });
}

async function againstRevision(opened: Session, ref: string): Promise<Report> {
  const session = { ...opened, simulateCloud: true };
  const config = await suppliedConfig(session);
  // Both programs start at once; this one then waits for the state that the base's leaves.
  const early = earlyProgram(session, config.all);
  const base = await checkOut(session, ref).catch(async (error: unknown) => {
    await early.end();
    throw error;
  });
  try {
    say(`comparing with ${base.commit.slice(0, 12)} of ${ref}; both are planned on this machine`);
    const [head, before] = await Promise.all([
      headOf(session.projectDir),
      simulatedBase(await sessionAt(session, base.projectDir), config),
    ]);
    const after = await planned(session, config.all, before.result.snapshot, early);
    return buildReport({
      stack: session.stack,
      borne: await borneFaults(session, base.projectDir, before, after),
      base: { kind: "git", name: ref, commit: base.commit, packages: base.packages },
      head,
      policyPacks: policyPacks(session.call).map(({ folder }) => folder),
      before,
      after,
    });
  } finally {
    await early.end();
    await base.release();
  }
}

async function againstState(session: Session): Promise<Report> {
  const file = session.call.flags.text("state") ?? "";
  const text = await readFile(file, "utf8").catch(() => {
    throw new UserError("the state cannot be read", { where: file, fix: "give a readable file" });
  });
  const codec = createDeploymentCodec(session.keyring, file);
  const { project, stack } = session;
  const snapshot = await decodeExport(codec, project.name, stack, parsed(file, text));
  const { all } = await suppliedConfig(session);
  const result = { ok: true, errors: [], steps: [], outputs: {}, snapshot };
  return buildReport({
    stack,
    base: { kind: "state", name: path.basename(file), commit: "", packages: "none" },
    head: await headOf(session.projectDir).catch(() => ({ commit: "", dirty: false })),
    // Rules judge what a program registers; a state alone is nothing that they could be asked about.
    policyPacks: [],
    before: { result, violations: [], config: all },
    after: await planned(session, all, snapshot),
  });
}

function parsed(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const fix = "give what `npm run state -- export` or `pulumi stack export` printed";
    throw new UserError("the state is not JSON", { where: file, fix });
  }
}

/** The settings of this revision, and of them what this machine supplies to whatever revision. */
async function suppliedConfig(session: Session): Promise<{ all: Config; supplied: Config }> {
  const own = await configuration(session);
  if (!session.isLocal) return { all: own, supplied: {} };
  const { config } = await inspectLocal(session);
  const supplied = Object.entries(config).filter(([key]) => own[key] === undefined);
  return { all: config, supplied: Object.fromEntries(supplied) };
}

const NOTHING: Planned = { ok: true, errors: [], steps: [], outputs: {}, snapshot: undefined };

async function simulatedBase(
  session: Session,
  { supplied }: { readonly supplied: Config },
): Promise<Revision> {
  const file = path.join(session.projectDir, `Pulumi.${session.stack}.yaml`);
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  // A stack that the base does not have is made as a whole.
  if (!isThere) return { result: NOTHING, violations: [], config: {} };
  const config = { ...supplied, ...(await configuration(session)) };
  return run(session, config, "simulate", new MemoryStore());
}

function planned(
  session: Session,
  config: Config,
  base: Snapshot | undefined,
  early?: EarlyProgram,
): Promise<Revision> {
  return run(session, config, "preview", new MemoryStore(base), early);
}

function earlyProgram(session: Session, config: Config): EarlyProgram {
  const options = operationOptions(session, config, new MemoryStore(), () => {});
  return new EarlyProgram(options, options.parallel);
}

async function run(
  session: Session,
  config: Config,
  operation: "simulate" | "preview",
  store: MemoryStore,
  early?: EarlyProgram,
): Promise<Revision> {
  const violations: PolicyViolation[] = [];
  const options = operationOptions(session, config, store, (event) => {
    if (event.type === "policy") violations.push(event.violation);
  });
  try {
    const [engine, providers] = await Promise.all([
      import("../engine/engine.ts"),
      embeddedProviders(session, { renderOnly: true }),
    ]);
    // What the base has done is no matter of permission: it is what the other one is compared with.
    const given =
      operation === "simulate"
        ? { ...options, violationsBlock: false }
        : { ...options, ...(early === undefined ? {} : { early }) };
    return { result: await engine[operation](given, providers), violations, config };
  } catch (error) {
    if (session.call.signal.aborted || !(error instanceof UserError)) throw error;
    return { result: refusalOf(error), violations, config };
  }
}

function operationOptions(
  { call, projectDir, project, stack, backend, environment, simulateCloud }: Session,
  config: Config,
  store: MemoryStore,
  onEvent: (event: EngineEvent) => void,
): OperationOptions {
  return {
    projectDir,
    project: project.name,
    stack,
    config,
    environment: {
      ...withoutCredentials(environment.variables),
      ...(simulateCloud ? SIMULATED_CLOUD : {}),
    },
    store,
    stackOutputs: (name) => backend.readOutputs(name),
    simulateCloud,
    // One pack judges both revisions: the one of this checkout.
    policyPacks: policyPacks(call),
    targets: [],
    parallel: call.flags.integer("parallel", 16, 1, 64),
    refresh: false,
    message: "preview",
    onEvent,
    confirm: async () => true,
    signal: call.signal,
  };
}

/** Our own pack's exemptions, each revision by its own list; another pack knows none. */
async function borneFaults(
  session: Session,
  baseDir: string,
  before: Revision,
  after: Revision,
): Promise<BorneFaults | null> {
  const { projectDir, stack } = session;
  const pack = path.join(projectDir, "policies");
  const ours = policyPacks(session.call).some(({ folder }) => folder === pack);
  // A program that fell over has registered a part; one that a rule forbids was planned as a whole.
  const whole = ({ result: { ok }, violations }: Revision) => ok || violations.some(isForbidding);
  if (!ours || !whole(before) || !whole(after)) return null;
  const [{ exemptionStates }, old, now] = await Promise.all([
    import("./exemption-states.ts"),
    exemptionsIn(baseDir),
    exemptionsIn(projectDir),
  ]);
  if (old === null || now === null) return null;
  const today = new Date().toISOString().slice(0, 10);
  const states = ({ result }: Revision, exemptions: readonly Exemption[]) =>
    exemptionStates({ stack, exemptions, today, resources: result.snapshot?.resources ?? [] });
  return { before: states(before, old), after: states(after, now) };
}

function isForbidding({ level, notEvaluated }: PolicyViolation): boolean {
  return level === "mandatory" && !notEvaluated;
}

/** A file of data; where a revision has none, there is nothing to compare. */
async function exemptionsIn(projectDir: string): Promise<readonly Exemption[] | null> {
  const file = path.join(projectDir, "policies/exemptions.ts");
  const module: { readonly EXEMPTIONS?: readonly Exemption[] } = await import(
    pathToFileURL(file).href
  ).catch(() => ({}));
  return module.EXEMPTIONS ?? null;
}

function say(text: string): void {
  process.stderr.write(`  ${text}\n`);
}
