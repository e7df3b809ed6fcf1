/** Pulumi's Engine service: the program's log, and the root resource. */
import type { Reporter } from "../apply/reporter.ts";
import { emptyModule, engineProto } from "../wire/proto.ts";
import type { Handlers } from "./server.ts";

type LogRequest = InstanceType<typeof engineProto.LogRequest>;
type SetRootRequest = InstanceType<typeof engineProto.SetRootResourceRequest>;

export class EngineService {
  /** The texts of the errors the program logged; its exit code then says no more. */
  readonly errors: string[] = [];
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
    const severities = ["debug", "info", "warning", "error"] as const;
    const severity = severities[request.getSeverity()] ?? "info";
    const urn = request.getUrn() === "" ? undefined : request.getUrn();
    if (severity === "error") this.errors.push(request.getMessage());
    this.reporter.diagnostic(severity, request.getMessage().trimEnd(), urn);
  }
}
