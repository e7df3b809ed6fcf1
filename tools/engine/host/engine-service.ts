/** Pulumi's Engine service: the program's log, and the root resource. */
import { stripVTControlCharacters } from "node:util";
import type { Reporter } from "../apply/reporter.ts";
import { emptyModule, engineProto } from "../wire/proto.ts";
import type { Handlers } from "./server.ts";

type LogRequest = InstanceType<typeof engineProto.LogRequest>;
type SetRootRequest = InstanceType<typeof engineProto.SetRootResourceRequest>;

/** How the SDK reports that the engine no longer serves it (code UNAVAILABLE, see server.ts). */
const STOPPED_ECHO = /14 UNAVAILABLE|Resource monitor is terminating/;
const UNHANDLED = /failed with an unhandled exception/;

/**
 * How the executor breaks where the engine went away from under it: an exception in whose stack there
 * is not one line of the program's own.
 */
export function isExecutorsOwn(message: string): boolean {
  if (!UNHANDLED.test(message)) return false;
  const frames = stripVTControlCharacters(message)
    .split("\n")
    .filter((line) => /^\s*at /.test(line));
  return frames.every((frame) => /node:|[/\\]node_modules[/\\]/.test(frame));
}

export class EngineService {
  private readonly reporter: Reporter;
  private root = "";

  constructor(reporter: Reporter) {
    this.reporter = reporter;
  }

  handlers(): Handlers {
    return {
      log: async (request: LogRequest) => {
        this.log(request);
        return new emptyModule.Empty();
      },
      getRootResource: async () => {
        const response = new engineProto.GetRootResourceResponse();
        response.setUrn(this.root);
        return response;
      },
      setRootResource: async (request: SetRootRequest) => {
        this.root = request.getUrn();
        return new engineProto.SetRootResourceResponse();
      },
      startDebugging: async () => new emptyModule.Empty(),
      requirePulumiVersion: async () => new engineProto.RequirePulumiVersionResponse(),
    };
  }

  private log(request: LogRequest): void {
    // The echo of a run that has ended: what ended it has been told, or will be.
    if (STOPPED_ECHO.test(request.getMessage())) return;
    if (this.reporter.failures.length > 0 && isExecutorsOwn(request.getMessage())) return;
    const severities = ["debug", "info", "warning", "error"] as const;
    const severity = severities[request.getSeverity()] ?? "info";
    const urn = request.getUrn() === "" ? undefined : request.getUrn();
    this.reporter.diagnostic(severity, request.getMessage().trimEnd(), urn);
  }
}
