/**
 * Is this text a checkpoint, and does it hold together? The rules are those by which Pulumi itself
 * refuses a state (pkg/resource/stack/snapshot), so what passes here passes there.
 */
import type { ResourceState, Snapshot } from "../resource.ts";
import { isObject, type PropertyMap, type PropertyValue } from "../values.ts";

/** A deployment as it stands on disk: apitype.DeploymentV3 with ciphertexts. */
export interface RawDeployment {
  readonly manifest: PropertyMap;
  /** Pulumi's salt text; undefined where the state has no secrets provider. */
  readonly salt: string | undefined;
  readonly resources: readonly PropertyMap[];
  readonly operations: readonly { readonly resource: PropertyMap; readonly type: string }[];
}

/** Marks state of the simulated cloud; the real CLI refuses a feature it does not know. */
export const SIMULATED_FEATURE = "simulatedCloud";

/** Throws a plain Error that says what is wrong; the caller knows where. */
export function parseDeployment(raw: PropertyValue | undefined): RawDeployment {
  if (!isObject(raw)) throw new Error("the deployment is not an object");
  const resources = list(raw, "resources").map((item, i) => resourceAt(item, `resources[${i}]`));
  const operations = list(raw, "pending_operations").map((item, i) => {
    const at = `pending_operations[${i}]`;
    if (!isObject(item) || typeof item["type"] !== "string") throw new Error(`${at} has no type`);
    return { type: item["type"], resource: resourceAt(item["resource"], `${at}.resource`) };
  });
  const manifest = isObject(raw["manifest"]) ? raw["manifest"] : {};
  return { manifest, salt: saltOf(raw["secrets_providers"]), resources, operations };
}

/** Checks `version` and `features` of a checkpoint or an export; true: simulated. */
export function parseVersion(raw: PropertyMap): { readonly simulated: boolean } {
  const version = raw["version"];
  if (version !== 3 && version !== 4) {
    throw new Error(`its version is ${JSON.stringify(version ?? null)}; 3 and 4 can be read`);
  }
  const features = list(raw, "features");
  const unknown = features.filter((feature) => feature !== SIMULATED_FEATURE);
  if (unknown.length > 0) {
    throw new Error(`it uses features of the Pulumi CLI that are not built in: ${unknown}`);
  }
  return { simulated: features.length > 0 };
}

/**
 * What is wrong with a snapshot, one text per fault. `order`: resources must also come after what
 * they refer to, which the real CLI insists on.
 */
export function snapshotFaults(snapshot: Snapshot, options: { order: boolean }): string[] {
  const everywhere = new Set(snapshot.resources.map((resource) => resource.urn));
  const providers = new Set(snapshot.resources.filter(isProvider).map(referenceOf));
  const live = new Set<string>();
  const seen = new Set<string>();
  const faults: string[] = [];
  for (const resource of snapshot.resources) {
    const { urn } = resource;
    for (const [relation, target] of references(resource)) {
      if (!everywhere.has(target)) faults.push(`${urn}: its ${relation} ${target} is missing`);
      else if (options.order && !seen.has(target)) {
        faults.push(`${urn}: its ${relation} ${target} comes after it`);
      }
    }
    const missing = resource.provider !== undefined && !providers.has(resource.provider);
    if (missing && resource.pendingReplacement !== true) {
      faults.push(`${urn}: its Pulumi provider ${resource.provider} is missing`);
    }
    if (resource.delete !== true) {
      if (live.has(urn)) faults.push(`${urn}: recorded twice`);
      live.add(urn);
    }
    seen.add(urn);
  }
  return faults;
}

function references(resource: ResourceState): [string, string][] {
  const { parent, deletedWith } = resource;
  return [
    ...(parent === undefined ? [] : [["parent", parent] as [string, string]]),
    ...(deletedWith === undefined ? [] : [["deletedWith", deletedWith] as [string, string]]),
    ...(resource.dependencies ?? []).map((urn): [string, string] => ["dependency", urn]),
    ...Object.values(resource.propertyDependencies ?? {})
      .flatMap((urns) => urns ?? [])
      .map((urn): [string, string] => ["property dependency", urn]),
  ];
}

function isProvider(resource: ResourceState): boolean {
  return resource.type.startsWith("pulumi:providers:");
}

function referenceOf(resource: ResourceState): string {
  return `${resource.urn}::${resource.id ?? ""}`;
}

function resourceAt(raw: PropertyValue | undefined, at: string): PropertyMap {
  if (!isObject(raw)) throw new Error(`${at} is not an object`);
  for (const key of ["urn", "type"]) {
    if (typeof raw[key] !== "string" || raw[key] === "") throw new Error(`${at} has no ${key}`);
  }
  for (const key of ["inputs", "outputs"]) {
    const bag = raw[key];
    if (bag !== undefined && bag !== null && !isObject(bag)) {
      throw new Error(`${at}.${key} is not an object`);
    }
  }
  return raw;
}

function list(raw: PropertyMap, key: string): readonly PropertyValue[] {
  const value = raw[key];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error(`${key} is not a list`);
  return value;
}

function saltOf(raw: PropertyValue | undefined): string | undefined {
  if (raw === undefined || raw === null) return undefined;
  if (!isObject(raw)) throw new Error("secrets_providers is not an object");
  if (raw["type"] !== "passphrase") {
    throw new Error(
      `its secrets provider is ${JSON.stringify(raw["type"] ?? null)}; only "passphrase" is built in`,
    );
  }
  const salt = isObject(raw["state"]) ? raw["state"]["salt"] : undefined;
  if (typeof salt !== "string") throw new Error("secrets_providers has no salt");
  return salt;
}
