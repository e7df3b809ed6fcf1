/**
 * Reads a kubeconfig (contents, a path, or a list of paths merged as kubectl merges them) and picks
 * the cluster, the user and the namespace of one context. We read it ourselves because importing
 * @kubernetes/client-node costs 0.6 s and 75 MB at every start, and the format is small.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { UserError } from "../../../base/user-error.ts";
import { isObject, type PropertyMap, type PropertyValue } from "../../values.ts";
import { field, listAt, mapAt, stringAt } from "./kube-object.ts";

export interface KubeconfigChoice {
  /** Contents or path; absent: KUBECONFIG of the environment, then ~/.kube/config. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
}

/** Everything needed to talk to one API server, before any credential is fetched. */
export interface ClusterAccess {
  readonly server: string;
  readonly context: string;
  /** Where it came from, for error texts. */
  readonly source: string;
  readonly namespace: string | undefined;
  readonly certificateAuthority: string | undefined;
  readonly insecureSkipTlsVerify: boolean;
  readonly tlsServerName: string | undefined;
  readonly user: PropertyMap;
}

interface Loaded {
  readonly config: PropertyMap;
  readonly source: string;
}

/** Throws a UserError that names the file, the context or the entry that is missing. */
export function resolveCluster(choice: KubeconfigChoice): ClusterAccess {
  const { config, source } = load(choice);
  const contextName = choice.context ?? stringAt(config, "current-context") ?? "";
  const context = entry(config, "contexts", contextName, "context");
  if (contextName !== "" && context === undefined) {
    throw problem(`the kubeconfig has no context "${contextName}"`, source, known(config));
  }
  const clusterName = choice.cluster ?? stringAt(context, "cluster") ?? "";
  const cluster = entry(config, "clusters", clusterName, "cluster");
  const server = stringAt(cluster, "server");
  if (cluster === undefined || server === undefined) {
    throw problem(
      clusterName === ""
        ? "the kubeconfig names no current context"
        : `the kubeconfig has no server for cluster "${clusterName}"`,
      source,
      known(config),
    );
  }
  refuseProxy(cluster, source);
  return {
    server: server.replace(/\/+$/, ""),
    context: contextName,
    source,
    namespace: stringAt(context, "namespace"),
    certificateAuthority: material(cluster, "certificate-authority", source),
    insecureSkipTlsVerify: field(cluster, "insecure-skip-tls-verify") === true,
    tlsServerName: stringAt(cluster, "tls-server-name"),
    user: entry(config, "users", stringAt(context, "user") ?? "", "user") ?? {},
  };
}

/**
 * The cluster entry that a choice points at, for comparing two configurations; undefined where it
 * cannot be told. Pulumi compares the same thing.
 */
export function activeCluster(choice: KubeconfigChoice): PropertyMap | undefined {
  try {
    const { config } = load(choice);
    const context = entry(
      config,
      "contexts",
      choice.context ?? stringAt(config, "current-context") ?? "",
      "context",
    );
    return entry(
      config,
      "clusters",
      choice.cluster ?? stringAt(context, "cluster") ?? "",
      "cluster",
    );
  } catch {
    return undefined;
  }
}

/** Base64 `<name>-data`, else the file `<name>`; undefined where neither is given. */
export function material(holder: PropertyMap, name: string, source: string): string | undefined {
  const data = stringAt(holder, `${name}-data`);
  if (data !== undefined && data !== "") return Buffer.from(data, "base64").toString("utf8");
  const file = stringAt(holder, name);
  if (file === undefined || file === "") return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw problem(`${name} ${file} of the kubeconfig cannot be read (${code(error)})`, source, "");
  }
}

function load(choice: KubeconfigChoice): Loaded {
  const given = choice.kubeconfig?.trim() ?? "";
  if (given !== "" && (given.includes("\n") || given.startsWith("{"))) {
    return {
      config: parseText(given, "the kubeconfig of the Pulumi provider", "."),
      source: "the kubeconfig of the Pulumi provider",
    };
  }
  const home = choice.environment.HOME ?? "";
  const list = given !== "" ? given : (choice.environment.KUBECONFIG ?? "");
  const explicit = list !== "";
  const files = (explicit ? list : path.join(home, ".kube", "config"))
    .split(path.delimiter)
    .filter((file) => file !== "")
    .map((file) => (file.startsWith("~/") ? path.join(home, file.slice(2)) : file));
  const loaded = files.map((file) => readKubeconfig(file)).filter((item) => item !== undefined);
  if (loaded.length === 0) {
    const inside = explicit ? undefined : inClusterConfig(choice.environment);
    if (inside !== undefined) return inside;
    throw problem(
      `there is no kubeconfig at ${files.join(", ")}`,
      undefined,
      "Set KUBECONFIG to a kubeconfig that reaches the cluster, or give the Pulumi provider one.",
    );
  }
  return { config: merge(loaded), source: files.join(path.delimiter) };
}

/** Where a pod finds its service account; fixed by Kubernetes. */
const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Inside a pod (a deployment pipeline in the cluster) without any kubeconfig. */
export function inClusterConfig(
  environment: Readonly<Record<string, string>>,
  folder = SERVICE_ACCOUNT,
): Loaded | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = environment;
  if (host === undefined || !existsSync(path.join(folder, "token"))) return undefined;
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const namespaceFile = path.join(folder, "namespace");
  const namespace = existsSync(namespaceFile) ? readFileSync(namespaceFile, "utf8").trim() : "";
  const name = "in-cluster";
  const config = {
    "current-context": name,
    clusters: [{ name, cluster: { server, "certificate-authority": path.join(folder, "ca.crt") } }],
    users: [{ name, user: { tokenFile: path.join(folder, "token") } }],
    contexts: [
      { name, context: { cluster: name, user: name, ...(namespace === "" ? {} : { namespace }) } },
    ],
  };
  return { config, source: folder };
}

function readKubeconfig(file: string): PropertyMap | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (code(error) === "ENOENT") return undefined;
    throw problem(`the kubeconfig ${file} cannot be read (${code(error)})`, file, "");
  }
  return parseText(text, file, path.dirname(path.resolve(file)));
}

/** Files named inside are relative to the kubeconfig that names them. */
function parseText(text: string, source: string, folder: string): PropertyMap {
  let parsed: unknown;
  try {
    parsed = parse(text);
  } catch {
    // The parser's message quotes the text, which may hold a token.
    parsed = undefined;
  }
  if (!isObject(parsed)) throw problem("the kubeconfig is not valid YAML", source, "");
  return absolutePaths(parsed, folder) as PropertyMap;
}

const PATH_KEYS = new Set([
  "certificate-authority",
  "client-certificate",
  "client-key",
  "tokenFile",
]);

function absolutePaths(value: PropertyValue, folder: string): PropertyValue {
  if (Array.isArray(value)) return value.map((item) => absolutePaths(item, folder));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [
      key,
      typeof child === "string" && isPath(key, child)
        ? path.resolve(folder, child)
        : absolutePaths(child, folder),
    ]),
  );
}

/** An exec plugin's command is looked for on PATH unless it is written as a path. */
function isPath(key: string, value: string): boolean {
  return value !== "" && (PATH_KEYS.has(key) || (key === "command" && value.includes("/")));
}

/** As kubectl merges: the first file that says something wins. */
function merge(configs: readonly PropertyMap[]): PropertyMap {
  const all = (key: string) => configs.flatMap((config) => listAt(config, key));
  const current = configs
    .map((config) => stringAt(config, "current-context") ?? "")
    .find((name) => name !== "");
  return {
    "current-context": current ?? "",
    clusters: all("clusters"),
    contexts: all("contexts"),
    users: all("users"),
  };
}

function entry(
  config: PropertyMap,
  list: string,
  name: string,
  key: string,
): PropertyMap | undefined {
  const found = listAt(config, list).find((item) => item.name === name);
  return found === undefined ? undefined : mapAt(found, key);
}

function known(config: PropertyMap): string {
  const names = listAt(config, "contexts").map((item) => stringAt(item, "name") ?? "");
  return names.length === 0 ? "" : `It has the contexts ${names.join(", ")}.`;
}

function refuseProxy(cluster: PropertyMap, source: string): void {
  if (stringAt(cluster, "proxy-url") === undefined) return;
  throw problem(
    "proxy-url of a kubeconfig is not supported by the embedded engine",
    source,
    "Use the Pulumi CLI for this cluster, or reach it without a proxy.",
  );
}

function problem(what: string, source: string | undefined, fix: string): UserError {
  return new UserError(`Kubernetes: ${what}.`, {
    ...(source === undefined ? {} : { where: source }),
    fix: fix === "" ? "Correct the kubeconfig, or choose another one with KUBECONFIG." : fix,
  });
}

function code(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unreadable";
}
