/**
 * Runs one operation of a stack from the command line to the exit code: chooses the engine, makes
 * ready what the stack needs, shows what happens, asks before anything changes.
 */
import { createProgress } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { createDisplay, type Display, silentDisplay } from "../engine/display/display.ts";
import { jsonResult } from "../engine/display/json.ts";
import type { EngineEvent } from "../engine/events.ts";
import { EarlyProgram } from "../engine/host/program.ts";
import type { OperationOptions, OperationResult } from "../engine/operation.ts";
import type { ProviderFactories } from "../engine/providers/factory.ts";
import { askedCluster } from "./asked-cluster.ts";
import { chooseEngine, recordEngine } from "./engine-choice.ts";
import { inspectLocal, type Prepared } from "./local-stack.ts";
import { policyPacks } from "./policy-packs.ts";
import { runPulumi } from "./pulumi-cli.ts";
import { agreesTo } from "./question.ts";
import {
  configuration,
  embeddedProviders,
  type Operation,
  openSession,
  type Session,
} from "./session.ts";
import type { Call } from "./verb.ts";

export interface Outcome {
  readonly session: Session;
  readonly result: OperationResult;
  readonly prepared: Prepared;
}

/** Returns the exit code; `onDone` runs after an operation that succeeded, before it is reported. */
export async function operate(
  call: Call,
  operation: Operation,
  onDone: (outcome: Outcome) => Promise<void> = async () => {},
): Promise<number> {
  const session = await openSession(call);
  const engine = await chooseEngine(session);
  const json = call.flags.on("json");
  if (!json) sayEngine(session, engine);
  if (engine === "pulumi") {
    const code = await runPulumi(session, operation);
    if (code === 0 && operation === "up") await recordEngine(session, engine);
    return code;
  }
  requireConfirmation(session, operation);
  const prepared = await prepare(session, operation);
  const display = json
    ? silentDisplay()
    : createDisplay({ stream: process.stdout, color: session.environment.color });
  const { result, applying } = await runEmbedded(session, operation, prepared, display);
  if (result.ok && operation === "up") await recordEngine(session, engine);
  if (json) printJson(session, display, result);
  // A program, a setting or a policy that fails while planning has changed nothing.
  if (!result.ok) return applying ? 1 : 2;
  if (call.flags.on("expect-no-changes") && changed(result)) {
    process.stderr.write("changes were expected to be none\n");
    return 1;
  }
  await onDone({ session, result, prepared });
  return 0;
}

async function runEmbedded(
  session: Session,
  operation: Operation,
  prepared: Prepared,
  display: Display,
): Promise<{ readonly result: OperationResult; readonly applying: boolean }> {
  const running = operation === "preview" || operation === "up";
  let applying = false;
  const options = operationOptions(session, prepared, {
    onEvent: display.event,
    confirm: async (plan) => {
      display.end();
      refuseRealCloud(session, plan);
      if (!(await confirmed(session, operation, plan))) return false;
      applying = true;
      display.begin(operation === "up" ? "update" : operation);
      return true;
    },
  });
  // The program needs a second to load its SDKs, and so does the engine.
  const early = running ? new EarlyProgram(options, options.parallel) : undefined;
  try {
    const engine = await import("../engine/engine.ts");
    const providers: ProviderFactories = await embeddedProviders(session, prepared);
    // Changes are planned before they are made, whatever was said on the command line.
    display.begin(operation === "refresh" ? "refresh" : "preview");
    const all = early === undefined ? options : { ...options, early };
    return { result: await engine[operation](all, providers), applying };
  } finally {
    display.end();
    await early?.end();
  }
}

function operationOptions(
  session: Session,
  prepared: Prepared,
  handlers: Pick<OperationOptions, "onEvent" | "confirm">,
): OperationOptions {
  const { call, projectDir, project, stack, backend, simulateCloud } = session;
  const debug = call.flags.on("debug");
  return {
    projectDir,
    project: project.name,
    stack,
    config: prepared.config,
    environment: prepared.environment,
    store: backend.open(stack),
    stackOutputs: (name) => backend.readOutputs(name),
    simulateCloud,
    policyPacks: policyPacks(call),
    targets: call.flags.list("target"),
    // As Pulumi's default for two cores; more would only queue at the API server.
    parallel: call.flags.integer("parallel", 16, 1, 64),
    refresh: call.flags.on("refresh") || prepared.refresh,
    message: call.flags.text("message") ?? "",
    onEvent: (event: EngineEvent) => {
      if (event.type === "diagnostic" && event.severity === "debug" && !debug) return;
      handlers.onEvent(event);
    },
    confirm: handlers.confirm,
    signal: call.signal,
  };
}

async function prepare(session: Session, operation: Operation): Promise<Prepared> {
  if (session.isLocal) {
    if (operation !== "up") return inspectLocal(session);
    // A cluster and images to build are much to load for a look.
    const { prepareLocal } = await import("./local-cluster.ts");
    return prepareLocal(session, createProgress());
  }
  const { environment, named, known } = await askedCluster(session);
  // A person's own cluster is none of a simulation's business, unless it is named.
  const renderOnly = session.simulateCloud ? !named : operation === "preview" && !known;
  if (renderOnly && !session.call.flags.on("json")) {
    process.stderr.write(
      "  no kubeconfig: Kubernetes objects are planned without asking a cluster\n",
    );
  }
  return { config: await configuration(session), environment, renderOnly, refresh: false };
}

function sayEngine(session: Session, engine: string) {
  const simulated = session.simulateCloud ? ", cloud simulated" : "";
  process.stderr.write(`engine: ${engine}${simulated}   stack: ${session.stack}\n`);
}

/** Asked for before anything is started: a pipeline must not build for minutes to be refused. */
function requireConfirmation(session: Session, operation: Operation): void {
  if (operation === "preview" || operation === "refresh") return;
  if (session.call.flags.on("yes") || session.environment.interactive) return;
  throw new UserError(`${operation} asks before it changes anything, and there is no terminal`, {
    where: "standard input",
    fix: `npm run ${operation} -- ${session.stack} --yes`,
  });
}

async function confirmed(
  session: Session,
  operation: Operation,
  plan: OperationResult,
): Promise<boolean> {
  // A refresh touches nothing but the state, which keeps its history.
  if (operation === "refresh" || session.call.flags.on("yes")) return true;
  if (!changed(plan)) return true;
  const question = `${operation} ${session.stack}: apply these changes?`;
  return agreesTo(question, session.call.signal);
}

/** The embedded engine plans cloud resources and never makes one. */
function refuseRealCloud(session: Session, plan: OperationResult): void {
  const cloud = plan.steps.find(({ type, kind }) => type.startsWith("aws:") && kind !== "same");
  if (cloud === undefined || session.simulateCloud) return;
  throw new UserError("the embedded engine cannot change a real cloud", {
    where: cloud.urn,
    fix: `use the Pulumi CLI (--engine pulumi), or see it simulated: npm run up -- ${session.stack} --simulate-cloud`,
  });
}

function changed({ counts }: OperationResult): boolean {
  return counts.create + counts.update + counts.replace + counts.delete > 0;
}

function printJson(session: Session, display: Display, result: OperationResult) {
  const { violations } = display.model();
  const object = jsonResult(result, { simulated: session.simulateCloud, violations });
  process.stdout.write(`${JSON.stringify(object, null, 2)}\n`);
}
