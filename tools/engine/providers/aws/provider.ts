/**
 * The simulated cloud: the embedded `aws` Pulumi provider. It plans, checks and answers as
 * @pulumi/aws does for the types in its tables, and creates nothing anywhere. Without
 * `--simulate-cloud` it only previews: it refuses to pretend.
 */
import { UserError } from "../../../base/user-error.ts";
import type {
  CheckRequest,
  CheckResult,
  CreateRequest,
  DeleteRequest,
  Diff,
  DiffRequest,
  Provider,
  ReadRequest,
  ReadResult,
  ResourceResult,
  UpdateRequest,
} from "../../provider.ts";
import { markSecretsLike, type PropertyMap, reveal, revealMap, UNKNOWN } from "../../values.ts";
import { checkInputs } from "./check.ts";
import { type AwsConfig, checkConfigInputs, readConfig } from "./config.ts";
import { diffInputs } from "./diff.ts";
import { completeInputs } from "./inputs.ts";
import { invokeFunction } from "./invokes.ts";
import { canonical } from "./making.ts";
import {
  createOutputs,
  previewCreate,
  previewUpdate,
  regionOf,
  type Subject,
  tagsAll,
  updateOutputs,
} from "./outputs.ts";
import { knownType } from "./tables.ts";

export interface SimulatedAwsContext {
  readonly simulateCloud: boolean;
  readonly environment: Readonly<Record<string, string>>;
}

export function createSimulatedAwsProvider(context: SimulatedAwsContext): Provider {
  return new SimulatedAws(context);
}

class SimulatedAws implements Provider {
  readonly #context: SimulatedAwsContext;
  #config: AwsConfig = { region: undefined, defaultTags: {} };

  constructor(context: SimulatedAwsContext) {
    this.#context = context;
  }

  async checkConfig(inputs: PropertyMap): Promise<CheckResult> {
    return { inputs, failures: checkConfigInputs(inputs, this.#context.environment) };
  }

  /** Everything lives in its region, so another region is another everything. */
  async diffConfig(oldInputs: PropertyMap, inputs: PropertyMap): Promise<Diff> {
    const keys = [...new Set([...Object.keys(oldInputs), ...Object.keys(inputs)])];
    const changed = keys.filter(
      (key) => canonical(reveal(oldInputs[key] ?? null)) !== canonical(reveal(inputs[key] ?? null)),
    );
    const replaces = changed.filter((key) => key === "region");
    return {
      changes: Object.fromEntries(
        changed.map((key) => [key, { kind: "update" as const, replace: key === "region" }]),
      ),
      replaces,
      deleteBeforeReplace: false,
      basis: "table",
    };
  }

  async configure(inputs: PropertyMap): Promise<void> {
    const [failure] = checkConfigInputs(inputs, this.#context.environment);
    if (failure !== undefined) {
      throw new UserError(`aws:${failure.property}: ${failure.reason}`, {
        fix: "Set it with the stack's configuration, or as an argument of the aws Provider.",
      });
    }
    this.#config = readConfig(inputs, this.#context.environment);
  }

  async check(request: CheckRequest): Promise<CheckResult> {
    const type = knownType(request.type);
    this.#refuseToPretend(request.preview, request.urn);
    const inputs = completeInputs(type, request.inputs, request);
    return { inputs, failures: checkInputs(type, inputs) };
  }

  async diff(request: DiffRequest): Promise<Diff> {
    const type = knownType(request.type);
    const subject: Subject = { type, urn: request.urn, name: "", inputs: request.inputs };
    const oldRegion = request.oldOutputs.region;
    const hasRegion = type.shape.always.includes("region");
    const result = diffInputs({
      type,
      oldInputs: request.oldInputs,
      inputs: request.inputs,
      ignoreChanges: request.ignoreChanges,
      regions: hasRegion
        ? [typeof oldRegion === "string" ? oldRegion : undefined, regionOf(subject, this.#config)]
        : [undefined, undefined],
    });
    return this.#withDefaultTags(request, result);
  }

  async create(request: CreateRequest): Promise<ResourceResult> {
    this.#refuseToPretend(request.preview, request.urn);
    const subject = subjectOf(request, request.inputs);
    if (request.preview) {
      const outputs = previewCreate(subject, this.#config);
      return { id: "", outputs: markAll(outputs, request.inputs) };
    }
    request.report("simulated");
    const { id, outputs } = createOutputs(subject, this.#config);
    return { id, outputs: markAll(outputs, request.inputs) };
  }

  async update(request: UpdateRequest): Promise<{ outputs: PropertyMap }> {
    this.#refuseToPretend(request.preview, request.urn);
    const subject = subjectOf(request, request.inputs);
    const previous = revealMap(request.oldOutputs);
    const make = request.preview ? previewUpdate : updateOutputs;
    if (!request.preview) request.report("simulated");
    const outputs = make(subject, this.#config, request.id, previous);
    return { outputs: markAll(outputs, request.inputs) };
  }

  async delete(request: DeleteRequest): Promise<void> {
    this.#refuseToPretend(request.preview, request.urn);
    const { table } = knownType(request.type);
    const guard = table.protectedBy;
    if (guard === undefined || reveal(request.outputs[guard] ?? null) !== true) return;
    throw new UserError(`${request.name} is protected: ${guard} is true, so AWS would refuse.`, {
      where: request.urn,
      fix: `Set ${guard} to false and apply that first.`,
      exitCode: 1,
    });
  }

  async read(request: ReadRequest): Promise<ReadResult | undefined> {
    const isManaged = Object.keys(request.outputs).length > 0;
    if (isManaged) return { id: request.id, inputs: request.inputs, outputs: request.outputs };
    throw new UserError(`The simulated cloud holds no ${request.type} that it did not create.`, {
      where: request.urn,
      fix: "Pass what you need of it as configuration, or deploy with the Pulumi CLI (--engine pulumi).",
    });
  }

  async invoke(token: string, args: PropertyMap, preview: boolean): Promise<PropertyMap> {
    this.#refuseToPretend(preview, token);
    return invokeFunction(token, args, this.#config.region);
  }

  async close(): Promise<void> {}

  #refuseToPretend(preview: boolean, where: string): void {
    if (preview || this.#context.simulateCloud) return;
    throw new UserError("The embedded engine has no real AWS, only a simulated one.", {
      where,
      fix: "Add --simulate-cloud to go on with the simulation, or deploy with --engine pulumi.",
    });
  }

  /** Default tags are no input of the resource, but a change of them is one of its tags. */
  #withDefaultTags(request: DiffRequest, result: Diff): Diff {
    const before = reveal(request.oldOutputs.tagsAll ?? null);
    const touched = Object.keys(result.changes).some((path) => /^tags(All)?\b/.test(path));
    if (before === null || touched || request.ignoreChanges.includes("tagsAll")) return result;
    const after = tagsAll(request.inputs, this.#config);
    if (after === UNKNOWN || canonical(before) === canonical(after)) return result;
    const changes = { ...result.changes, tagsAll: { kind: "update" as const, replace: false } };
    return { ...result, changes };
  }
}

function subjectOf(request: { type: string; urn: string; name: string }, inputs: PropertyMap) {
  return { type: knownType(request.type), urn: request.urn, name: request.name, inputs };
}

function markAll(outputs: PropertyMap, inputs: PropertyMap): PropertyMap {
  return markSecretsLike(outputs, inputs) as PropertyMap;
}
