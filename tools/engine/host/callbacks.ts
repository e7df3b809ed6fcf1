/**
 * Transforms: functions of the program that may change a resource (or an invoke) before the engine
 * sees it. The SDK serves them; the engine calls them with the request and takes what comes back.
 */
import { Client, credentials } from "@grpc/grpc-js";
import type { AliasSpec, Goal } from "../plan/goal.ts";
import type { PropertyMap } from "../values.ts";
import {
  aliasProto,
  CHANNEL_OPTIONS,
  callbackProto,
  callbacksService,
  resourceProto,
} from "../wire/proto.ts";
import { decodeStruct, encodeStruct } from "../wire/struct.ts";
import { decodeAlias, decodeTimeouts, structOf } from "./requests.ts";

export type Callback = InstanceType<typeof callbackProto.Callback>;

/** A transform is a plain function of the program; it may await another resource's output. */
const CALL_TIMEOUT_MS = 300_000;

export class Callbacks {
  private readonly clients = new Map<string, Client>();

  /** The goal as the transforms leave it, applied in order. */
  async transform(goal: Goal, callbacks: readonly Callback[]): Promise<Goal> {
    let current = goal;
    for (const callback of callbacks) {
      const request = encodeTransform(current);
      const bytes = await this.invoke(callback, request.serializeBinary());
      const response = resourceProto.TransformResponse.deserializeBinary(bytes);
      current = applyTransform(current, response);
    }
    return current;
  }

  async transformInvoke(
    token: string,
    args: PropertyMap,
    callbacks: readonly Callback[],
  ): Promise<PropertyMap> {
    let current = args;
    for (const callback of callbacks) {
      const request = new resourceProto.TransformInvokeRequest();
      request.setToken(token);
      request.setArgs(encodeStruct(current) as never);
      request.setOptions(new resourceProto.TransformInvokeOptions());
      const bytes = await this.invoke(callback, request.serializeBinary());
      const response = resourceProto.TransformInvokeResponse.deserializeBinary(bytes);
      const changed = structOf(response.getArgs());
      if (changed !== undefined) current = decodeStruct(changed, "ids");
    }
    return current;
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
  }

  private invoke(callback: Callback, payload: Uint8Array): Promise<Uint8Array> {
    const request = new callbackProto.CallbackInvokeRequest();
    request.setToken(callback.getToken());
    request.setRequest(payload);
    const definition = callbacksService["invoke"];
    if (definition === undefined) throw new Error("the callbacks protocol has no invoke");
    type Answer = InstanceType<typeof callbackProto.CallbackInvokeResponse>;
    return new Promise((resolve, reject) => {
      this.client(callback.getTarget()).makeUnaryRequest(
        definition.path,
        definition.requestSerialize,
        definition.responseDeserialize as (bytes: Buffer) => Answer,
        request,
        { deadline: Date.now() + CALL_TIMEOUT_MS },
        (error, response) => {
          if (error || response === undefined) reject(new Error(error?.details ?? "no answer"));
          else resolve(response.getResponse_asU8());
        },
      );
    });
  }

  private client(target: string): Client {
    let client = this.clients.get(target);
    if (client === undefined) {
      client = new Client(target, credentials.createInsecure(), CHANNEL_OPTIONS);
      this.clients.set(target, client);
    }
    return client;
  }
}

function encodeTransform(goal: Goal) {
  const request = new resourceProto.TransformRequest();
  request.setType(goal.type);
  request.setName(goal.name);
  request.setCustom(goal.custom);
  request.setParent(goal.parent ?? "");
  request.setProperties(encodeStruct(goal.inputs) as never);
  const options = new resourceProto.TransformResourceOptions();
  options.setDependsOnList([...goal.dependencies]);
  if (goal.protect !== undefined) options.setProtect(goal.protect);
  options.setIgnoreChangesList([...goal.ignoreChanges]);
  options.setReplaceOnChangesList([...goal.replaceOnChanges]);
  options.setVersion(goal.version);
  options.setAliasesList(goal.aliases.map(encodeAlias));
  options.setProvider(goal.provider ?? "");
  const timeouts = new resourceProto.RegisterResourceRequest.CustomTimeouts();
  timeouts.setCreate(seconds(goal.customTimeouts.create));
  timeouts.setUpdate(seconds(goal.customTimeouts.update));
  timeouts.setDelete(seconds(goal.customTimeouts.delete));
  options.setCustomTimeouts(timeouts);
  if (goal.retainOnDelete !== undefined) options.setRetainOnDelete(goal.retainOnDelete);
  options.setDeletedWith(goal.deletedWith ?? "");
  if (goal.deleteBeforeReplace !== undefined) {
    options.setDeleteBeforeReplace(goal.deleteBeforeReplace);
  }
  options.setAdditionalSecretOutputsList([...goal.additionalSecretOutputs]);
  request.setOptions(options);
  return request;
}

function applyTransform(
  goal: Goal,
  response: InstanceType<typeof resourceProto.TransformResponse>,
): Goal {
  const properties = structOf(response.getProperties());
  const inputs =
    properties === undefined ? goal.inputs : decodeStruct(properties, goal.custom ? "ids" : "keep");
  const options = response.getOptions();
  if (options === undefined) return { ...goal, inputs };
  const provider = options.getProvider();
  const deletedWith = options.getDeletedWith();
  return {
    ...goal,
    inputs,
    propertyDependencies: Object.fromEntries(
      Object.keys(inputs).map((key) => [key, goal.propertyDependencies[key] ?? []]),
    ),
    // A transform that sets dependsOn cannot take away what the inputs themselves depend on.
    dependencies: [
      ...new Set([
        ...options.getDependsOnList(),
        ...Object.values(goal.propertyDependencies).flat(),
      ]),
    ].sort(),
    protect: options.hasProtect() ? options.getProtect() : undefined,
    ignoreChanges: options.getIgnoreChangesList(),
    replaceOnChanges: options.getReplaceOnChangesList(),
    version: options.getVersion(),
    aliases: options.getAliasesList().map(decodeAlias),
    provider: provider === "" ? undefined : provider,
    customTimeouts: decodeTimeouts(options.getCustomTimeouts()),
    retainOnDelete: options.hasRetainOnDelete() ? options.getRetainOnDelete() : undefined,
    deletedWith: deletedWith === "" ? undefined : deletedWith,
    deleteBeforeReplace: options.hasDeleteBeforeReplace()
      ? options.getDeleteBeforeReplace()
      : undefined,
    additionalSecretOutputs: options.getAdditionalSecretOutputsList(),
  };
}

function encodeAlias(spec: AliasSpec) {
  const alias = new aliasProto.Alias();
  if (spec.urn !== undefined) {
    alias.setUrn(spec.urn);
    return alias;
  }
  const parts = new aliasProto.Alias.Spec();
  parts.setName(spec.name ?? "");
  parts.setType(spec.type ?? "");
  parts.setStack(spec.stack ?? "");
  parts.setProject(spec.project ?? "");
  if (spec.noParent === true) parts.setNoparent(true);
  else if (spec.parent !== undefined) parts.setParenturn(spec.parent);
  alias.setSpec(parts);
  return alias;
}

function seconds(value: number | undefined): string {
  return value === undefined ? "" : `${value}s`;
}
