/**
 * The Kubernetes objects of a planned graph as judges get them: no secret in them, and pod templates
 * inside of objects that no judge knows shown as pods. Pure.
 */
import type { ResourceState } from "../engine/resource.ts";
import {
  isObject,
  isSecret,
  mapChildren,
  type PropertyMap,
  type PropertyValue,
} from "../engine/values.ts";

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [key: string]: PropertyValue;
}

/** Stands for every secret text: "hidden" in base64, so that it is also good as `data` of a Secret. */
const HIDDEN = "aGlkZGVu";

/** Kinds in which every judge finds the pods by itself. */
const WORKLOADS = new Set([
  ...["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"],
  ...["Job", "CronJob", "Pod"],
]);

/** In the order of the graph, which is the program's. */
export function kubernetesObjects(resources: readonly ResourceState[]): KubernetesObject[] {
  return resources
    .filter(({ custom, type }) => custom && type.startsWith("kubernetes:"))
    .map(({ inputs = {} }) => withoutSecrets(inputs))
    .filter(isKubernetesObject)
    .flatMap((object) => [object, ...secretsOf(object), ...podsInside(object)]);
}

/** cert-manager writes a Secret for each Certificate; pods mount it. */
function secretsOf(object: KubernetesObject): KubernetesObject[] {
  const name = at(object["spec"], "secretName");
  if (object.kind !== "Certificate" || typeof name !== "string") return [];
  const { namespace } = object.metadata;
  const data = { "ca.crt": HIDDEN, "tls.crt": HIDDEN, "tls.key": HIDDEN };
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return [{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata, data }];
}

/** `Kind/namespace/name`; what belongs to no namespace has no middle part. */
export function referenceOf(kind: string, namespace: string | undefined, name: string): string {
  return [kind, namespace, name].filter((part) => part !== undefined && part !== "").join("/");
}

/** Names of the containers of the pods that `object` makes, in the order that judges count them in. */
export function containersOf(
  object: KubernetesObject,
  kind: "containers" | "initContainers" = "containers",
): readonly string[] {
  const spec = podSpec(object);
  const containers = isObject(spec) ? spec[kind] : undefined;
  if (!Array.isArray(containers)) return [];
  return containers.map((one) =>
    isObject(one) && typeof one["name"] === "string" ? one["name"] : "",
  );
}

function podSpec(object: KubernetesObject): PropertyValue | undefined {
  if (object.kind === "Pod") return object["spec"];
  const spec = object["spec"];
  const job = object.kind === "CronJob" ? at(at(spec, "jobTemplate"), "spec") : spec;
  return at(at(job, "template"), "spec");
}

function at(value: PropertyValue | undefined, key: string): PropertyValue | undefined {
  return isObject(value) ? value[key] : undefined;
}

/** Judges are programs of others: they get the shape of a secret and nothing of its content. */
function withoutSecrets(value: PropertyMap): PropertyMap {
  return hide(value, false) as PropertyMap;
}

function hide(value: PropertyValue, inside: boolean): PropertyValue {
  if (isSecret(value)) return hide(value.value, true);
  if (inside && typeof value === "string") return HIDDEN;
  return mapChildren(value, (child) => hide(child, inside));
}

function isKubernetesObject(value: PropertyMap): value is KubernetesObject {
  return (
    typeof value["apiVersion"] === "string" &&
    typeof value["kind"] === "string" &&
    typeof at(value["metadata"], "name") === "string"
  );
}

/** A LeaderWorkerSet, a RayService: objects whose pods an operator makes. */
function podsInside(object: KubernetesObject): KubernetesObject[] {
  if (WORKLOADS.has(object.kind)) return [];
  const pods: KubernetesObject[] = [];
  const look = (value: PropertyValue, path: readonly string[]): void => {
    if (Array.isArray(value)) {
      value.forEach((child, index) => {
        look(child, [...path, String(index)]);
      });
    }
    if (!isObject(value)) return;
    const spec = value["spec"];
    if (isObject(spec) && Array.isArray(spec["containers"])) {
      pods.push(podOf(object, path, value, spec));
      return;
    }
    for (const [key, child] of Object.entries(value)) look(child, [...path, key]);
  };
  look(object["spec"] ?? null, []);
  return pods;
}

/** Named after where it stands: `<owner>-leadertemplate`, `<owner>-workergroupspecs-0-template`. */
function podOf(
  { metadata: { name, namespace } }: KubernetesObject,
  path: readonly string[],
  template: PropertyMap,
  spec: PropertyMap,
): KubernetesObject {
  const own = isObject(template["metadata"]) ? template["metadata"] : {};
  const place = path.filter((step) => !step.endsWith("WorkerTemplate") && step !== "spec");
  const metadata = {
    ...own,
    name: [name, ...place].join("-").toLowerCase(),
    ...(namespace === undefined ? {} : { namespace }),
  };
  return { apiVersion: "v1", kind: "Pod", metadata, spec };
}
