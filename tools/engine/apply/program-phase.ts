/** One run of the program against the engine: registrations, then the deletions that follow. */
import { UserError } from "../../base/user-error.ts";
import { EngineService } from "../host/engine-service.ts";
import { Monitor } from "../host/monitor.ts";
import { Program } from "../host/program.ts";
import { serve } from "../host/server.ts";
import type { OperationOptions } from "../operation.ts";
import type { PropertyMap } from "../values.ts";
import { deleteRest } from "./deletions.ts";
import { judgeStack } from "./policies.ts";
import { Registrar } from "./registrar.ts";
import type { Run } from "./run.ts";

/** Lets a program register its resources, to its end. Failures are in the run's reporter. */
export type Execute = (run: Run, registrar: Registrar, options: OperationOptions) => Promise<void>;

/** Returns the stack's outputs. Failures are in the reporter. */
export async function runProgram(
  run: Run,
  options: OperationOptions,
  execute: Execute,
): Promise<PropertyMap> {
  const registrar = new Registrar(run);
  try {
    await execute(run, registrar, options);
    // A program that did not come to its end has not said what it no longer wants.
    if (!run.options.signal.aborted && !run.reporter.failed) {
      await judgeStack(run);
      if (!run.stopped) await deleteRest(run);
    }
  } catch (error) {
    run.reporter.fail(error);
  }
  return registrar.stackOutputs;
}

/** The genuine executor in its own process, served over gRPC. */
export const executeProgram: Execute = async (run, registrar, options) => {
  const { preview } = run;
  const early = preview ? options.early?.take() : undefined;
  const program = await (early ?? Program.start(options, { preview, parallel: options.parallel }));
  program.hear((line) => run.reporter.diagnostic("info", line));
  const monitor = new Monitor(run, registrar, options);
  const service = new EngineService(run.reporter);
  const server = serve(program.socket, {
    monitor: monitor.handlers(),
    engine: service.handlers(),
    quiet: (error) => run.stopped || run.reporter.failures.includes(error),
  });
  try {
    // Once the run has stopped the steps on their way end first, then the program goes.
    const stop = run.onStop(async () => {
      await monitor.settled();
      await program.stop();
    });
    const end = await program.ended;
    stop.forget();
    await monitor.settled();
    if (end.ok || run.reporter.failed || run.options.signal.aborted) return;
    const tail = end.tail === "" ? " without a word" : `: ${end.tail}`;
    throw new UserError(`the program failed${end.reported ? "" : tail}`, {
      where: options.projectDir,
      fix: "Correct the program; nothing was deleted.",
      exitCode: run.preview ? 2 : 1,
    });
  } finally {
    monitor.close();
    server.close();
  }
};
