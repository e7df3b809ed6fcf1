/**
 * A planned graph as plain files: one YAML file per Kubernetes object, and every configuration file
 * inside a ConfigMap as a file of its own. Pure; the verb writes them.
 */
import { stringify } from "yaml";
import { maskMap } from "../engine/plan/masking.ts";
import type { ResourceState } from "../engine/resource.ts";
import { isObject, type PropertyValue, revealMap } from "../engine/values.ts";

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
  const files = resources
    .filter((resource) => resource.custom && resource.type.startsWith("kubernetes:"))
    .flatMap((resource) => objectFiles(resource, options.showSecrets));
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
  // Keys sorted and long lines kept whole, so that two renders differ only where their content does.
  const yaml = stringify(object, {
    sortMapEntries: true,
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
  return [
    { path: `${file}.yaml`, content: yaml },
    ...(kind === "ConfigMap" ? configurationFiles(file, object["data"]) : []),
  ];
}

function configurationFiles(file: string, data: PropertyValue | undefined): RenderedFile[] {
  if (!isObject(data)) return [];
  return Object.entries(data)
    .filter((entry): entry is [string, string] => typeof entry[1] === "string")
    .map(([name, content]) => ({ path: `${file}/${name}`, content }));
}

function text(value: PropertyValue | undefined): string {
  return typeof value === "string" ? value : "";
}
