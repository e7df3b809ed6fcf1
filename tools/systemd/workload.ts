/** A workload of the planned graph, read back: what its program is told, mounts and may use. Pure. */
import { isObject, type PropertyMap, type PropertyValue } from "../engine/values.ts";

export interface Workload {
  readonly replicas: number;
  readonly terminationSeconds: number;
  readonly memory: string;
  readonly args: readonly string[];
  /** Variables with a value of their own; those of fields and Secrets are left to the caller. */
  readonly environment: ReadonlyMap<string, string>;
  /** Where each Secret and ConfigMap is mounted: path → what. */
  readonly mounts: readonly Mount[];
}

export interface Mount {
  readonly path: string;
  readonly kind: "Secret" | "ConfigMap";
  readonly object: string;
  /** File → content; of a Secret that is not to be shown only the names are right. */
  readonly files: ReadonlyMap<string, string>;
}

export function readWorkload(
  objects: readonly PropertyMap[],
  kind: string,
  name: string,
  container = name,
): Workload | undefined {
  const workload = find(objects, kind, name);
  if (workload === undefined) return undefined;
  const spec = map(workload["spec"]);
  const pod = map(map(spec["template"])["spec"]);
  const program = list(pod["containers"]).find((one) => one["name"] === container);
  if (program === undefined) return undefined;
  const environment = list(program["env"]).flatMap((one) =>
    typeof one["value"] === "string" ? [[text(one["name"]), one["value"]] as const] : [],
  );
  return {
    replicas: Number(spec["replicas"] ?? 1),
    terminationSeconds: Number(pod["terminationGracePeriodSeconds"] ?? 30),
    memory: text(map(map(program["resources"])["limits"])["memory"]),
    args: Array.isArray(program["args"]) ? program["args"].map(text) : [],
    environment: new Map(environment),
    mounts: list(program["volumeMounts"]).flatMap((mount) => {
      const volume = list(pod["volumes"]).find((one) => one["name"] === mount["name"]);
      return volume === undefined ? [] : readMount(objects, text(mount["mountPath"]), volume);
    }),
  };
}

function readMount(
  objects: readonly PropertyMap[],
  path: string,
  volume: PropertyMap,
): readonly Mount[] {
  const secret = text(map(volume["secret"])["secretName"]);
  const configMap = text(map(volume["configMap"])["name"]);
  const kind = secret === "" ? "ConfigMap" : "Secret";
  const object = secret === "" ? configMap : secret;
  // A scratch folder, or a claim.
  if (object === "") return [];
  const data = map(find(objects, kind, object)?.["data"]);
  const files = Object.entries(data).map(([file, value]) => {
    const content = text(value);
    return [file, kind === "Secret" ? Buffer.from(content, "base64").toString() : content] as const;
  });
  return [{ path, kind, object, files: new Map(files) }];
}

function find(objects: readonly PropertyMap[], kind: string, name: string) {
  return objects.find(
    (object) => object["kind"] === kind && map(object["metadata"])["name"] === name,
  );
}

function map(value: PropertyValue | undefined): PropertyMap {
  return isObject(value) ? value : {};
}

function list(value: PropertyValue | undefined): PropertyMap[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function text(value: PropertyValue | undefined): string {
  return typeof value === "string" ? value : "";
}
