/**
 * A planned graph as plain files: one YAML file per Kubernetes object, every configuration file
 * inside a ConfigMap as a file of its own, and the inputs of every cloud resource. Pure; the verb
 * writes them.
 */
import { stringify } from "yaml";
import { maskMap } from "../engine/plan/masking.ts";
import type { ResourceState } from "../engine/resource.ts";
import { isObject, mapChildren, type PropertyValue, revealMap } from "../engine/values.ts";

export interface RenderedFile {
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly content: string;
}

/** Sorted by path; the same graph always gives the same bytes. */
export function renderFiles(
  resources: readonly ResourceState[],
  options: { readonly showSecrets: boolean },
): readonly RenderedFile[] {
  const own = resources.filter((resource) => resource.custom);
  const objects = own.filter((resource) => resource.type.startsWith("kubernetes:"));
  const cloud = own.filter((resource) => resource.type.startsWith("aws:"));
  const names = placeholders(cloud);
  const files = [
    ...objects.flatMap((resource) => objectFiles(resource, options.showSecrets)),
    ...cloud.map((resource) => cloudFile(resource, names, options.showSecrets)),
  ];
  const sorted = files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  sorted.forEach((file, index) => {
    // Two objects of one name and kind would overwrite each other, in the cluster as well.
    if (sorted[index + 1]?.path === file.path) throw new Error(`${file.path} is rendered twice`);
  });
  return sorted;
}

function objectFiles(resource: ResourceState, showSecrets: boolean): readonly RenderedFile[] {
  const inputs = resource.inputs ?? {};
  const object = showSecrets ? revealMap(inputs) : maskMap(inputs);
  const kind = text(object["kind"]);
  const metadata = isObject(object["metadata"]) ? object["metadata"] : {};
  const name = text(metadata["name"]);
  const folder = metadata["namespace"] === undefined ? "cluster" : text(metadata["namespace"]);
  const file = `${folder}/${kind.toLowerCase()}-${name}`;
  return [
    { path: `${file}.yaml`, content: yaml(object) },
    ...(kind === "ConfigMap" ? configurationFiles(file, object["data"]) : []),
  ];
}

function configurationFiles(file: string, data: PropertyValue | undefined): RenderedFile[] {
  if (!isObject(data)) return [];
  return Object.entries(data)
    .filter((entry): entry is [string, string] => typeof entry[1] === "string")
    .map(([name, content]) => ({ path: `${file}/${name}`, content }));
}

/**
 * YAML under an ending of its own, so that `kubectl apply --recursive` passes it over. What another
 * resource is called only after it was made stands there by the name of that resource.
 */
function cloudFile(
  resource: ResourceState,
  names: ReadonlyMap<string, string>,
  showSecrets: boolean,
): RenderedFile {
  const inputs = resource.inputs ?? {};
  const shown = showSecrets ? revealMap(inputs) : maskMap(inputs);
  const own = Object.entries(shown).filter(([key]) => !key.startsWith("__"));
  const content = yaml(replaced(Object.fromEntries(own), names));
  return { path: `cloud/${cloudName(resource)}.inputs`, content };
}

/** `aws:eks/nodeGroup:NodeGroup` called gpu → `eks-NodeGroup-gpu`. */
function cloudName({ urn, type }: ResourceState): string {
  const [, module = "", kind = ""] = type.split(":");
  return `${module.split("/")[0]}-${kind}-${urn.split("::").at(-1)}`;
}

/** Shorter texts may stand anywhere by chance. */
const PLACEHOLDER_LENGTH_MIN = 8;

/** Where a resource is, its Pulumi provider was told: the same word in another place is not this resource's. */
const TOLD = /region$/i;

/** Ids, ARNs and addresses that the (simulated) cloud gave → whose they are. */
function placeholders(resources: readonly ResourceState[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const resource of resources) {
    const inputs = JSON.stringify(resource.inputs ?? {});
    for (const [key, value] of Object.entries({ id: resource.id ?? "", ...resource.outputs })) {
      if (typeof value !== "string" || value.length < PLACEHOLDER_LENGTH_MIN) continue;
      if (TOLD.test(key)) continue;
      // What it was told itself is no answer of the cloud's; who comes first has the name.
      if (inputs.includes(JSON.stringify(value)) || names.has(value)) continue;
      names.set(value, `(${cloudName(resource)}.${key})`);
    }
  }
  return new Map([...names].sort(([a], [b]) => b.length - a.length));
}

function replaced(value: PropertyValue, names: ReadonlyMap<string, string>): PropertyValue {
  if (typeof value !== "string") return mapChildren(value, (child) => replaced(child, names));
  let result = value;
  for (const [text, name] of names) {
    if (result.includes(text)) result = result.replaceAll(text, name);
  }
  return result;
}

/** Keys sorted and long lines kept whole, so that two renders differ only where their content does. */
function yaml(value: PropertyValue): string {
  return stringify(value, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false });
}

function text(value: PropertyValue | undefined): string {
  return typeof value === "string" ? value : "";
}
