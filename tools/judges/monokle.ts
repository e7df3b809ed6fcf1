/**
 * @monokle/validation (MIT): pod security standards, practices, and whether what an object refers to
 * is there. Its schemas and its Open Policy Agent rules are downloads; ours are judged by a real API
 * server instead (stacks/admission.cluster.test.ts), so that those two plugins stay out.
 */
import {
  type AnnotationSuppressor,
  DefaultPluginLoader,
  DisabledFixer,
  MonokleValidator,
  processRefs,
  ResourceParser,
  SchemaLoader,
} from "@monokle/validation";
import { stringify } from "yaml";
import type { Finding } from "./finding.ts";
import { containersOf, type KubernetesObject, referenceOf } from "./kubernetes-objects.ts";

const PLUGINS = ["pod-security-standards", "practices", "resource-links", "yaml-syntax"];

/** The package remembers objects by their ids from one call to the next, also over stacks. */
let calls = 0;

export async function monokle(objects: readonly KubernetesObject[]): Promise<Finding[]> {
  const validator = await createValidator();
  calls += 1;
  const call = `${calls}:`;
  const byReference = new Map(objects.map((object) => [reference(object), object]));
  const resources = [...byReference].map(([id, object]) => resource(`${call}${id}`, object));
  // Finds what refers to what, and writes it into them.
  processRefs(resources, new ResourceParser());
  const response = await validator.validate({ resources });
  return response.runs.flatMap(({ results }) =>
    results.map(({ ruleId, message, locations }) => {
      // The second location names the object, and below it the place within.
      const uri = locations[1].physicalLocation?.artifactLocation.uri ?? "";
      const id = uri.startsWith(call) ? uri.slice(call.length) : uri;
      const place = locations[1].logicalLocations?.find(({ kind }) => kind === "element");
      return {
        judge: "monokle" as const,
        rule: ruleId,
        object: `${id}${container(byReference.get(id), place?.fullyQualifiedName ?? "")}`,
        message: message.text,
      };
    }),
  );
}

/** Every rule of the plugins is on, also those that the package leaves to its users. */
async function createValidator(): Promise<MonokleValidator> {
  const parts = {
    loader: new DefaultPluginLoader(),
    parser: new ResourceParser(),
    schemaLoader: new SchemaLoader(),
    // Given none, the package takes marks in objects into account.
    suppressors: [] as AnnotationSuppressor[],
    fixer: new DisabledFixer(),
  };
  const plugins = Object.fromEntries(PLUGINS.map((name) => [name, true]));
  const validator = new MonokleValidator(parts, { plugins });
  await validator.preload({ plugins });
  const rules = Object.entries(validator.rules).flatMap(([plugin, all]) =>
    all.map(({ name }) => [`${plugin}/${name}`, true] as const),
  );
  await validator.preload({ plugins, rules: Object.fromEntries(rules) });
  return validator;
}

function reference({ kind, metadata }: KubernetesObject): string {
  return referenceOf(kind, metadata.namespace, metadata.name);
}

function resource(id: string, object: KubernetesObject) {
  const { apiVersion, kind, metadata } = object;
  return {
    id,
    fileId: id,
    filePath: `${id}.yaml`,
    fileOffset: 0,
    name: metadata.name,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    apiVersion,
    kind,
    content: object,
    text: stringify(object),
  };
}

/** `…containers.1.image` is about the second container, `…initContainers.0` about the first to run. */
function container(object: KubernetesObject | undefined, place: string): string {
  const [, kind, index] = /(?:^|\.)(containers|initContainers)\.(\d+)(?:\.|$)/.exec(place) ?? [];
  if (object === undefined || kind === undefined) return "";
  const names = containersOf(object, kind === "containers" ? kind : "initContainers");
  return `#${names[Number(index)]}`;
}
