/**
 * What a change of inputs does to a resource, by table: replaced, updated in place, or of unknown
 * effect where no table says so (the preview lists that as danger). Values are compared as the
 * cloud sees them: a default written out, reordered sets and reformatted JSON are no change.
 */
import type { ChangeKind, Diff, DiffBasis, PropertyChange } from "../../provider.ts";
import { isObject, type PropertyMap, type PropertyValue } from "../../values.ts";
import { effectiveInputs, wasAutomatic } from "./inputs.ts";
import { canonical } from "./making.ts";
import { type TypeTable, words } from "./table.ts";
import type { KnownType } from "./tables.ts";

/** Lists whose order means nothing to AWS (TypeSet in the public Terraform provider). */
const SETS = new Set(
  words(
    "accountIds availabilityZones childHealthchecks cidrBlocks clientIdLists clusterMembers " +
      "enabledCloudwatchLogsExports enabledClusterLogTypes kubernetesGroups managedPolicyArns " +
      "namespaces notResources passwords propagatingVgws publicAccessCidrs records regions " +
      "resources routeTableIds secondaryAllocationIds secondaryPrivateIpAddresses " +
      "securityGroupIds securityGroupNames securityGroups snapshotArns subjectAlternativeNames " +
      "subnetIds subnets userGroupIds userIds validationRecordFqdns vpcSecurityGroupIds",
  ),
);

export interface Compared {
  readonly type: KnownType;
  readonly oldInputs: PropertyMap;
  readonly inputs: PropertyMap;
  readonly ignoreChanges: readonly string[];
  /** The region of the old resource and of the new one; a move is a replacement. */
  readonly regions: readonly [string | undefined, string | undefined];
}

export function diffInputs(compared: Compared): Diff {
  const { table } = compared.type;
  const before = normalised(table, compared.oldInputs);
  const after = normalised(table, compared.inputs);
  const changes: Record<string, PropertyChange> = {};
  let basis: DiffBasis = "table";
  for (const change of changedPaths(before, after, "")) {
    if (isIgnored(change.path, compared.ignoreChanges)) continue;
    const effect = effectOf(table, change.path, before, after);
    if (effect === "unknown") basis = "unknown-effect";
    changes[change.path] = { kind: change.kind, replace: effect === "replace" };
  }
  const [oldRegion, region] = compared.regions;
  if (changes.region === undefined && oldRegion !== undefined && oldRegion !== region) {
    changes.region = { kind: "update", replace: true };
  }
  const replaces = Object.keys(changes).filter((path) => changes[path]?.replace === true);
  return {
    changes,
    replaces,
    deleteBeforeReplace: replaces.length > 0 && keepsItsName(compared, before, after),
    basis,
  };
}

type Effect = "replace" | "update" | "unknown";

function effectOf(table: TypeTable, path: string, before: PropertyMap, after: PropertyMap): Effect {
  const plain = path.replace(/\[\d+\]/g, "");
  if (plain === "region" || matches(plain, table.replaces)) return "replace";
  const conditional = (table.replacesWhen ?? []).some(
    (one) => touches(plain, one.property) && one.when(before, after),
  );
  if (conditional) return "replace";
  if (plain === "tags" || plain.startsWith("tags.") || matches(plain, table.updates))
    return "update";
  // A property with a condition that does not hold is changed in place.
  return (table.replacesWhen ?? []).some((one) => touches(plain, one.property))
    ? "update"
    : "unknown";
}

function matches(path: string, list: string): boolean {
  return words(list).some((entry) => touches(path, entry));
}

/** `remoteAccess` covers everything below it; an unknown object covers what is named below it. */
function touches(path: string, entry: string): boolean {
  return path === entry || path.startsWith(`${entry}.`) || entry.startsWith(`${path}.`);
}

function isIgnored(path: string, ignored: readonly string[]): boolean {
  return ignored.some(
    (one) =>
      one === "*" || path === one || path.startsWith(`${one}.`) || path.startsWith(`${one}[`),
  );
}

/** Two of one name cannot live side by side: the old one must go first, unless it was named anew. */
function keepsItsName(compared: Compared, before: PropertyMap, after: PropertyMap): boolean {
  const property = compared.type.table.autoname?.property;
  if (property === undefined || after[property] === undefined) return false;
  if (wasAutomatic(compared.inputs, property)) return false;
  return canonical(before[property] ?? null) === canonical(after[property] ?? null);
}

interface PathChange {
  readonly path: string;
  readonly kind: ChangeKind;
}

function changedPaths(before: PropertyMap, after: PropertyMap, at: string): PathChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => {
    const path = at === "" ? key : `${at}.${key}`;
    const [old, next] = [before[key], after[key]];
    return SETS.has(key) && Array.isArray(old) && Array.isArray(next)
      ? changedSet(old, next, path)
      : changedValue(old, next, path);
  });
}

function changedValue(
  before: PropertyValue | undefined,
  after: PropertyValue | undefined,
  path: string,
): PathChange[] {
  if (before === undefined && after === undefined) return [];
  // An object that comes or goes as a whole is judged by what is in it.
  if (before === undefined) {
    return isFilled(after) ? changedPaths({}, after, path) : [{ path, kind: "add" }];
  }
  if (after === undefined) {
    return isFilled(before) ? changedPaths(before, {}, path) : [{ path, kind: "delete" }];
  }
  if (canonical(before) === canonical(after)) return [];
  if (isObject(before) && isObject(after)) return changedPaths(before, after, path);
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((item, index) => changedValue(item, after[index], `${path}[${index}]`));
  }
  return [{ path, kind: "update" }];
}

/** Members stay where they are written, so that a path leads to what is shown of it. */
function changedSet(
  before: readonly PropertyValue[],
  after: readonly PropertyValue[],
  path: string,
): PathChange[] {
  const [old, next] = [before.map(canonical), after.map(canonical)];
  if (canonical(old.toSorted()) === canonical(next.toSorted())) return [];
  const isNew = (member: string, index: number) =>
    !old.includes(member) && !next.includes(old[index] ?? "");
  const paired = old.length === next.length && next.every((it, i) => old[i] === it || isNew(it, i));
  if (!paired) return [{ path, kind: "update" }];
  return before.flatMap((item, index) => changedValue(item, after[index], `${path}[${index}]`));
}

function isFilled(value: PropertyValue | undefined): value is PropertyMap {
  return isObject(value) && Object.keys(value).length > 0;
}

function normalised(table: TypeTable, inputs: PropertyMap): PropertyMap {
  const effective = effectiveInputs(table, inputs);
  return Object.fromEntries(
    Object.entries(effective).map(([key, value]) => [key, normalise(value, key, table)]),
  );
}

function normalise(value: PropertyValue, key: string, table: TypeTable): PropertyValue {
  if (typeof value === "string" && table.formats?.[key] === "json") return reformatted(value);
  if (Array.isArray(value)) {
    return value.map((item) => normalise(item, "", table));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, child]) => child !== null)
      .map(([name, child]) => [name, normalise(child, name, table)]),
  );
}

function reformatted(text: string): string {
  try {
    return canonical(JSON.parse(text) as PropertyValue);
  } catch {
    return text;
  }
}
