/** The one gRPC server of a run, on the socket of its program: ResourceMonitor and Engine. */
import { Server, ServerCredentials, type ServerUnaryCall, status } from "@grpc/grpc-js";
import { StoppedError } from "../apply/stopped.ts";
import { CHANNEL_OPTIONS, engineService, monitorService } from "../wire/proto.ts";
import type { ProgramSocket } from "./program-socket.ts";

/** By the method's name; each takes its request message and answers with its response message. */
export type Handlers = Readonly<Record<string, (request: never) => Promise<object>>>;

export interface Services {
  readonly monitor: Handlers;
  readonly engine: Handlers;
  /** True for an error the engine itself has told: the program is to end without a word. */
  readonly quiet: (error: unknown) => boolean;
}

/** Answers the program's calls; `close` ends them. */
export function serve(socket: ProgramSocket, services: Services): { close(): void } {
  const server = new Server(CHANNEL_OPTIONS);
  server.addService(monitorService, implementation(services.monitor, services.quiet));
  server.addService(engineService, implementation(services.engine, services.quiet));
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  socket.answerWith((connection) => injector.injectConnection(connection));
  return {
    close() {
      server.forceShutdown();
      socket.close();
    },
  };
}

type Reply = (error: { code: number; details: string } | null, response?: object) => void;

function implementation(handlers: Handlers, isQuiet: (error: unknown) => boolean) {
  const wrapped: Record<string, (call: ServerUnaryCall<never, object>, reply: Reply) => void> = {};
  for (const [name, handle] of Object.entries(handlers)) {
    wrapped[name] = (call, reply) => {
      handle(call.request).then(
        (response) => reply(null, response),
        (error: unknown) => reply(toStatus(error, isQuiet(error))),
      );
    };
  }
  return wrapped as never;
}

/** UNAVAILABLE makes the SDK end quietly: the engine has told, or will tell, what went wrong. */
function toStatus(error: unknown, told: boolean): { code: number; details: string } {
  const details = error instanceof Error ? error.message : String(error);
  const quiet = told || error instanceof StoppedError;
  return { code: quiet ? status.UNAVAILABLE : status.UNKNOWN, details };
}
