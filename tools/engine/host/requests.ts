/** Decodes the program's registrations; refuses by name what the embedded engine does not do. */
import { UserError } from "../../base/user-error.ts";
import type { AliasSpec, Goal, ReadGoal, Timeouts } from "../plan/goal.ts";
import { parseDuration } from "../plan/goal.ts";
import { isProviderType } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import type { aliasProto, resourceProto } from "../wire/proto.ts";
import { decodeStruct, type ProtoStructLike } from "../wire/struct.ts";

export type RegisterRequest = InstanceType<typeof resourceProto.RegisterResourceRequest>;
export type ReadRequest = InstanceType<typeof resourceProto.ReadResourceRequest>;
type ProtoAlias = InstanceType<typeof aliasProto.Alias>;
type ProtoTimeouts = InstanceType<typeof resourceProto.RegisterResourceRequest.CustomTimeouts>;

const CLI = "Use the Pulumi CLI (--engine pulumi) for this program.";

export function decodeGoal(request: RegisterRequest): Goal {
  refuseUnsupported(request);
  const custom = request.getCustom();
  const type = request.getType();
  const version = request.getVersion();
  const inputs = decodeStruct(structOf(request.getObject()), custom ? "ids" : "keep");
  return {
    type,
    name: request.getName(),
    custom,
    parent: orUndefined(request.getParent()),
    inputs: isProviderType(type) && version !== "" ? { ...inputs, version } : inputs,
    protect: request.hasProtect() ? request.getProtect() : undefined,
    provider: orUndefined(request.getProvider()),
    version,
    dependencies: sorted(request.getDependenciesList()),
    propertyDependencies: propertyDependencies(request),
    deleteBeforeReplace: request.getDeletebeforereplacedefined()
      ? request.getDeletebeforereplace()
      : undefined,
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    aliases: [
      ...request.getAliasesList().map(decodeAlias),
      ...request.getAliasurnsList().map((urn) => ({ urn })),
    ],
    customTimeouts: decodeTimeouts(request.getCustomtimeouts()),
    retainOnDelete: request.hasRetainondelete() ? request.getRetainondelete() : undefined,
    deletedWith: orUndefined(request.getDeletedwith()),
  };
}

export function decodeReadGoal(request: ReadRequest): ReadGoal {
  return {
    type: request.getType(),
    name: request.getName(),
    id: request.getId(),
    parent: orUndefined(request.getParent()),
    inputs: decodeStruct(structOf(request.getProperties()), "ids"),
    provider: orUndefined(request.getProvider()),
    version: request.getVersion(),
    dependencies: sorted(request.getDependenciesList()),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
  };
}

export function structOf(struct: unknown): ProtoStructLike | undefined {
  return struct as ProtoStructLike | undefined;
}

export function structToMap(struct: unknown): PropertyMap {
  return decodeStruct(structOf(struct), "ids");
}

export function decodeAlias(alias: ProtoAlias): AliasSpec {
  const spec = alias.getSpec();
  if (spec === undefined) return { urn: alias.getUrn() };
  return {
    ...part("name", spec.getName()),
    ...part("type", spec.getType()),
    ...part("stack", spec.getStack()),
    ...part("project", spec.getProject()),
    ...part("parent", spec.getParenturn()),
    ...(spec.getNoparent() ? { noParent: true } : {}),
  };
}

function refuseUnsupported(request: RegisterRequest): void {
  const type = request.getType();
  const refuse = (what: string): never => {
    throw new UserError(`the embedded engine does not do ${what}`, {
      where: `${type} "${request.getName()}"`,
      fix: CLI,
    });
  };
  if (request.getRemote()) refuse("remote (multi-language) components");
  if (type.startsWith("pulumi-nodejs:dynamic")) refuse("dynamic providers");
  if (request.getImportid() !== "") refuse("the option `import`");
  if (request.getReplacementTrigger() !== undefined) refuse("the option `replacementTrigger`");
  if (request.getReplaceWithList().length > 0) refuse("the option `replaceWith`");
  if (request.getStateMigrationsList().length > 0) refuse("state migrations");
  if (request.getPackageref() !== "") refuse("parameterized packages");
}

/** Empty text means "not set" on this protocol; a bad duration is the program's mistake. */
export function decodeTimeouts(timeouts: ProtoTimeouts | undefined): Timeouts {
  if (timeouts === undefined) return {};
  const create = parseDuration(timeouts.getCreate());
  const update = parseDuration(timeouts.getUpdate());
  const remove = parseDuration(timeouts.getDelete());
  return {
    ...(create === undefined ? {} : { create }),
    ...(update === undefined ? {} : { update }),
    ...(remove === undefined ? {} : { delete: remove }),
  };
}

/** An entry for every property, as Pulumi keeps them; sorted, so that the order of promises in the program never makes a state look changed. */
function propertyDependencies(request: RegisterRequest): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  request.getPropertydependenciesMap().forEach((value, key) => {
    found[key] = sorted(value.getUrnsList());
  });
  return found;
}

function sorted(urns: readonly string[]): string[] {
  return [...new Set(urns)].sort();
}

function orUndefined(text: string): string | undefined {
  return text === "" ? undefined : text;
}

function part(key: keyof AliasSpec, text: string): AliasSpec {
  return text === "" ? {} : { [key]: text };
}
