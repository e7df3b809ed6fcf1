/** One run of the program against the engine: registrations, then the deletions that follow. */
import { UserError } from "../../base/user-error.ts";
import { EngineService } from "../host/engine-service.ts";
import { Monitor } from "../host/monitor.ts";
import { Program } from "../host/program.ts";
import { type HostServer, startServer } from "../host/server.ts";
import type { OperationOptions } from "../operation.ts";
import type { PropertyMap } from "../values.ts";
import { deleteRest } from "./deletions.ts";
import { judgeStack } from "./policies.ts";
import { Registrar } from "./registrar.ts";
import type { Run } from "./run.ts";

/** Returns the stack's outputs. Failures are in the reporter. */
export async function runProgram(run: Run, options: OperationOptions): Promise<PropertyMap> {
  const registrar = new Registrar(run);
  const monitor = new Monitor(run, registrar, options);
  const service = new EngineService(run.reporter);
  const server = await startServer({
    monitor: monitor.handlers(),
    engine: service.handlers(),
    quiet: (error) => run.stopped || run.reporter.failures.includes(error),
  });
  try {
    await watchProgram(run, options, monitor, server);
    if (run.options.signal.aborted || run.reporter.failed) return registrar.stackOutputs;
    await judgeStack(run);
    if (!run.stopped) await deleteRest(run);
  } catch (error) {
    run.reporter.fail(error);
  } finally {
    server.close();
  }
  return registrar.stackOutputs;
}

async function watchProgram(
  run: Run,
  options: OperationOptions,
  monitor: Monitor,
  server: HostServer,
): Promise<void> {
  const program = new Program(options, {
    address: server.address,
    preview: run.preview,
    parallel: options.parallel,
    onLine: (line) => run.reporter.diagnostic("info", line),
  });
  // Once the run has stopped the steps on their way end first, then the program goes.
  const stop = run.onStop(async () => {
    await monitor.settled();
    await program.stop();
  });
  const end = await program.ended;
  stop.forget();
  await monitor.settled();
  monitor.close();
  if (end.ok || run.reporter.failed || run.options.signal.aborted) return;
  const tail = end.tail === "" ? "without a word" : `: ${end.tail}`;
  run.reporter.fail(
    new UserError(end.reported ? "the program failed" : `the program failed ${tail}`, {
      where: options.projectDir,
      fix: "Correct the program; nothing was deleted.",
      exitCode: run.preview ? 2 : 1,
    }),
  );
}
