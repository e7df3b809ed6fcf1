/** Pulumi's ResourceMonitor service: what the program calls for every resource. */
import { UserError } from "../../base/user-error.ts";
import { readResource } from "../apply/reads.ts";
import type { Registered, Registrar } from "../apply/registrar.ts";
import type { Run } from "../apply/run.ts";
import type { ConfigValue } from "../values.ts";
import { type PropertyMap, UNKNOWN } from "../values.ts";
import { emptyModule, resourceProto } from "../wire/proto.ts";
import { decodeStruct, encodeStruct } from "../wire/struct.ts";
import { type Callback, Callbacks } from "./callbacks.ts";
import { decodeGoal, decodeReadGoal, structOf, structToMap } from "./requests.ts";
import type { Handlers } from "./server.ts";

type Proto = typeof resourceProto;
type RegisterRequest = InstanceType<Proto["RegisterResourceRequest"]>;
type InvokeRequest = InstanceType<Proto["ResourceInvokeRequest"]>;

const FEATURES = resourceProto.ResourceMonitorFeature;

const SUPPORTED = [
  FEATURES.RESOURCE_MONITOR_FEATURE_SECRETS,
  FEATURES.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  FEATURES.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
  FEATURES.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  FEATURES.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  FEATURES.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
  FEATURES.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
];

/** The names under which older SDKs ask for the same features. */
const SUPPORTED_NAMES: ReadonlySet<string> = new Set([
  "secrets",
  "resourceReferences",
  "outputValues",
  "aliasSpecs",
  "deletedWith",
  "transforms",
  "invokeTransforms",
]);

export interface DeploymentFacts {
  readonly project: string;
  readonly stack: string;
  readonly config: Readonly<Record<string, ConfigValue>>;
  readonly parallel: number;
}

export class Monitor {
  private readonly run: Run;
  private readonly registrar: Registrar;
  private readonly facts: DeploymentFacts;
  private readonly callbacks = new Callbacks();
  private readonly stackTransforms: Callback[] = [];
  private readonly invokeTransforms: Callback[] = [];
  /** Requests on their way, so that the end of the program can wait for them. */
  private readonly open = new Set<Promise<unknown>>();

  constructor(run: Run, registrar: Registrar, facts: DeploymentFacts) {
    this.run = run;
    this.registrar = registrar;
    this.facts = facts;
  }

  handlers(): Handlers {
    const empty = () => new emptyModule.Empty();
    return {
      getDeploymentInfo: async () => this.deploymentInfo(),
      supportsFeature: async (request: InstanceType<Proto["SupportsFeatureRequest"]>) => {
        const response = new resourceProto.SupportsFeatureResponse();
        response.setHassupport(SUPPORTED_NAMES.has(request.getId()));
        return response;
      },
      registerResource: (request: RegisterRequest) => this.tracked(this.register(request)),
      registerResourceOutputs: async (
        request: InstanceType<Proto["RegisterResourceOutputsRequest"]>,
      ) => {
        this.registrar.registerOutputs(
          request.getUrn(),
          decodeStruct(structOf(request.getOutputs())),
        );
        return empty();
      },
      readResource: (request: InstanceType<Proto["ReadResourceRequest"]>) =>
        this.tracked(this.read(request)),
      invoke: (request: InvokeRequest) => this.tracked(this.invoke(request)),
      registerStackTransform: async (callback: Callback) => {
        this.stackTransforms.push(callback);
        return empty();
      },
      registerStackInvokeTransform: async (callback: Callback) => {
        this.invokeTransforms.push(callback);
        return empty();
      },
      signalAndWaitForShutdown: async () => empty(),
      call: async (request: InstanceType<Proto["ResourceCallRequest"]>) =>
        this.refuse(`the method ${request.getTok()} (a call of a remote component)`),
      existsResource: async (request: InstanceType<Proto["ExistsResourceRequest"]>) =>
        this.refuse(`an existence check of ${request.getType()}`),
      registerPackage: async (request: InstanceType<Proto["RegisterPackageRequest"]>) =>
        this.refuse(`the parameterized package ${request.getName()}`),
      registerResourceHook: async () => this.refuse("resource hooks"),
      registerErrorHook: async () => this.refuse("error hooks"),
    };
  }

  /** Resolves when every request that has begun has ended, well or badly. */
  async settled(): Promise<void> {
    while (this.open.size > 0) await Promise.allSettled(this.open);
  }

  close(): void {
    this.callbacks.close();
  }

  private tracked<T>(work: Promise<T>): Promise<T> {
    this.open.add(work);
    const done = () => this.open.delete(work);
    work.then(done, done);
    return work;
  }

  private refuse(what: string): never {
    const error = new UserError(`the embedded engine does not do ${what}`, {
      fix: "Use the Pulumi CLI (--engine pulumi) for this program.",
    });
    this.run.reporter.fail(error);
    throw error;
  }

  private deploymentInfo() {
    const info = new resourceProto.DeploymentInfo();
    info.setProject(this.facts.project);
    info.setStack(this.facts.stack);
    info.setOrganization("organization");
    info.setDryrun(this.run.preview);
    info.setParallel(this.facts.parallel);
    const secretKeys: string[] = [];
    for (const [key, { value, secret }] of Object.entries(this.facts.config)) {
      info.getConfigMap().set(key, value);
      if (secret) secretKeys.push(key);
    }
    info.setConfigsecretkeysList(secretKeys);
    info.setSupportedfeaturesList(SUPPORTED);
    return info;
  }

  private async register(request: RegisterRequest) {
    const goal = this.decode(() => decodeGoal(request));
    const transforms = [...request.getTransformsList(), ...this.stackTransforms];
    const transformed = await this.callbacks.transform(goal, transforms).catch((error) => {
      this.run.reporter.fail(error);
      throw error;
    });
    const registered = await this.registrar.register(transformed);
    return registerResponse(registered, goal.custom);
  }

  private async read(request: InstanceType<Proto["ReadResourceRequest"]>) {
    const goal = this.decode(() => decodeReadGoal(request));
    const found = await readResource(this.run, this.registrar, goal);
    const response = new resourceProto.ReadResourceResponse();
    response.setUrn(found.urn);
    response.setProperties(encodeStruct(found.outputs) as never);
    response.setUnknown(found.unknown && !this.run.preview);
    return response;
  }

  private decode<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.run.reporter.fail(error);
      throw error;
    }
  }

  private async invoke(request: InvokeRequest) {
    const token = request.getTok();
    const given = structToMap(request.getArgs());
    const args = await this.callbacks.transformInvoke(token, given, this.invokeTransforms);
    const response = new resourceProto.ResourceInvokeResponse();
    const result =
      token === "pulumi:pulumi:getResource"
        ? this.getResource(args)
        : await this.invokeProvider(request, token, args);
    response.setReturn(encodeStruct(result) as never);
    return response;
  }

  private async invokeProvider(request: InvokeRequest, token: string, args: PropertyMap) {
    this.run.proceed();
    const given = request.getProvider();
    const reference = await this.registrar.providerReference({
      type: token,
      custom: true,
      provider: given === "" ? undefined : given,
      version: request.getVersion(),
    });
    const provider = await this.run.providerFor(token, reference);
    return this.run.limiter.run(() => provider.invoke(token, args, this.run.preview));
  }

  /** How the SDK turns a reference to a resource into a live object. */
  private getResource(args: PropertyMap): PropertyMap {
    const urn = String(args["urn"] ?? "");
    const state = this.run.journal.get(urn);
    if (state === undefined) throw new Error(`there is no resource ${urn}`);
    return { urn, id: state.id ?? "", state: state.outputs ?? {} };
  }
}

function registerResponse(registered: Registered, custom: boolean) {
  const response = new resourceProto.RegisterResourceResponse();
  response.setUrn(registered.urn);
  response.setId(registered.id === UNKNOWN ? "" : registered.id);
  // A component's outputs may name resources that are not registered yet: the program has its own.
  response.setObject(encodeStruct(custom ? registered.outputs : {}) as never);
  response.setUnknown(registered.unknown);
  return response;
}
