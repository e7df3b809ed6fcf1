/**
 * The configuration of `pulumi:providers:kubernetes`: what is known, what is refused by name, and
 * when a change of it replaces everything. Booleans arrive as JSON text ("true"), as Pulumi's SDK
 * sends them. This is the only file here that reads the process's own environment.
 */
import os from "node:os";
import type { CheckFailure, CheckResult, Diff, PropertyChange } from "../../provider.ts";
import {
  isObject,
  isUnknown,
  type PropertyMap,
  type PropertyValue,
  revealMap,
} from "../../values.ts";
import { sameJson, stringAt } from "./kube-object.ts";
import { activeCluster } from "./kubeconfig.ts";

export interface KubernetesConfig {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly cluster: string | undefined;
  readonly namespace: string | undefined;
  readonly deleteUnreachable: boolean;
  readonly patchForce: boolean;
  readonly upsertExistingObjects: boolean;
  readonly configMapMutable: boolean;
  readonly secretMutable: boolean;
  /** The kubeconfig will only be known once the cluster is made: previews cannot ask anything. */
  readonly unknownCluster: boolean;
  readonly environment: Readonly<Record<string, string>>;
}

const TEXTS = ["kubeconfig", "context", "cluster", "namespace", "clusterIdentifier"];
const FLAGS = [
  "alwaysRender",
  "deleteUnreachable",
  "enableConfigMapMutable",
  "enablePatchForce",
  "enableSecretMutable",
  "enableServerSideApply",
  "skipUpdateUnreachable",
  "strictMode",
  "suppressDeprecationWarnings",
  "suppressHelmHookWarnings",
  "upsertExistingObjects",
];
/** Taken and without effect here: they tune Helm and the request rate of the real one. */
const OTHERS = [
  "helmReleaseSettings",
  "kubeClientSettings",
  "renderYamlToDirectory",
  "version",
  "pluginDownloadURL",
];

export function checkConfig(inputs: PropertyMap): CheckResult {
  const values = revealMap(inputs);
  const failures: CheckFailure[] = [];
  for (const [property, value] of Object.entries(values)) {
    const reason = faultOf(property, value);
    if (reason !== undefined) failures.push({ property, reason });
  }
  return { inputs, failures };
}

function faultOf(property: string, value: PropertyValue): string | undefined {
  if (value === null || isUnknown(value)) return undefined;
  if (TEXTS.includes(property)) {
    if (typeof value === "string") return undefined;
    // A kubeconfig may be given as an object, as Pulumi's EKS package does.
    if (property === "kubeconfig" && isObject(value)) return undefined;
    return `${property} must be text.`;
  }
  if (FLAGS.includes(property)) {
    if (flag(value) === undefined) return `${property} must be true or false.`;
    if (property === "enableServerSideApply" && flag(value) === false) {
      return "The embedded engine only knows server-side apply. Leave enableServerSideApply out, or use the Pulumi CLI.";
    }
    if (property === "skipUpdateUnreachable" && flag(value) === true) {
      return "skipUpdateUnreachable is not supported by the embedded engine: an unreachable cluster is an error. Leave it out.";
    }
    return undefined;
  }
  if (property === "renderYamlToDirectory" && value !== "") {
    return "renderYamlToDirectory is not supported by the embedded engine. Use `npm run render` instead.";
  }
  if (OTHERS.includes(property)) return undefined;
  return `${property} is not a setting of the kubernetes Pulumi provider. Known are ${[...TEXTS, ...FLAGS].join(", ")}.`;
}

export function readConfig(
  inputs: PropertyMap,
  environment: Readonly<Record<string, string>>,
): KubernetesConfig {
  const values = revealMap(inputs);
  const all = wholeEnvironment(environment);
  const on = (name: string, variable: string) => flag(values[name]) ?? all[variable] === "true";
  return {
    kubeconfig: kubeconfigText(values.kubeconfig),
    context: text(values.context),
    cluster: text(values.cluster),
    namespace: text(values.namespace),
    deleteUnreachable: on("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
    patchForce: on("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
    upsertExistingObjects: on("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
    configMapMutable: on("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
    secretMutable: on("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
    unknownCluster: ["kubeconfig", "context", "cluster"].some((key) => isUnknown(values[key])),
    environment: all,
  };
}

/**
 * Pulumi's own rule: an equal clusterIdentifier says that it is the same cluster, whatever the
 * kubeconfig says now; a changed one replaces; without it, another active cluster replaces.
 */
export function diffConfig(
  oldInputs: PropertyMap,
  inputs: PropertyMap,
  environment: Readonly<Record<string, string>>,
): Diff {
  const olds = revealMap(oldInputs);
  const news = revealMap(inputs);
  const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
    (key) => !sameJson(olds[key], news[key]),
  );
  const replaces = replacedBy(olds, news, changed, wholeEnvironment(environment));
  const changes = changed.map((key): [string, PropertyChange] => [
    key,
    {
      kind: olds[key] === undefined ? "add" : news[key] === undefined ? "delete" : "update",
      replace: replaces.includes(key),
    },
  ]);
  return { changes: Object.fromEntries(changes), replaces, deleteBeforeReplace: false };
}

const POINTS_AT_CLUSTER = ["kubeconfig", "context", "cluster"];

function replacedBy(
  olds: PropertyMap,
  news: PropertyMap,
  changed: readonly string[],
  environment: Readonly<Record<string, string>>,
): string[] {
  const before = text(olds.clusterIdentifier);
  const after = text(news.clusterIdentifier);
  if (after !== undefined && before === after) return [];
  const identifier = before !== undefined && after !== undefined ? ["clusterIdentifier"] : [];
  const unknown = POINTS_AT_CLUSTER.filter((key) => isUnknown(news[key]));
  if (unknown.length > 0) return [...identifier, ...unknown.slice(0, 1)];
  const choice = (values: PropertyMap) => ({
    kubeconfig: kubeconfigText(values.kubeconfig),
    context: text(values.context),
    cluster: text(values.cluster),
    environment,
  });
  const oldCluster = activeCluster(choice(olds));
  const newCluster = activeCluster(choice(news));
  if (oldCluster === undefined || newCluster === undefined) return identifier;
  if (sameJson(oldCluster, newCluster)) return identifier;
  return [...identifier, ...POINTS_AT_CLUSTER.filter((key) => changed.includes(key))];
}

/** What the engine gives goes before what this process inherited. */
function wholeEnvironment(given: Readonly<Record<string, string>>): Record<string, string> {
  const inherited = Object.entries(process.env).filter(([, value]) => value !== undefined);
  return {
    HOME: os.homedir(),
    ...(Object.fromEntries(inherited) as Record<string, string>),
    ...given,
  };
}

function kubeconfigText(value: PropertyValue | undefined): string | undefined {
  return isObject(value) && stringAt(value, "kind") === "Config"
    ? JSON.stringify(value)
    : text(value);
}

function text(value: PropertyValue | undefined): string | undefined {
  return typeof value === "string" && value !== "" && !isUnknown(value) ? value : undefined;
}

function flag(value: PropertyValue | undefined): boolean | undefined {
  if (value === true || value === "true") return true;
  if (value === false || value === "false") return false;
  return undefined;
}
