/**
 * What one configured Pulumi provider holds between calls: the connection (made when it is first
 * needed), what the cluster serves, which secrets must not be told, and which objects are known to
 * belong to which resource.
 */
import { UserError } from "../../../base/user-error.ts";
import type { PropertyMap } from "../../values.ts";
import { type ApiClient, createApiClient } from "./api-client.ts";
import { createRedactor, type Redactor } from "./api-error.ts";
import { secretMaterial } from "./checkpoint.ts";
import type { KubernetesConfig } from "./config.ts";
import { createCredentialSource } from "./credentials.ts";
import { builtInKind, createDiscovery, type Discovery, type ResourceKind } from "./discovery.ts";
import type { GroupVersionKind } from "./kube-object.ts";
import { resolveCluster } from "./kubeconfig.ts";
import { WantedKinds } from "./wanted-kinds.ts";

export interface Session {
  readonly config: KubernetesConfig;
  readonly renderOnly: boolean;
  readonly redactor: Redactor;
  readonly owners: OwnerLog;
  /** ignoreChanges of the last diff of a URN; the update that follows must leave those fields. */
  readonly ignored: Map<string, readonly string[]>;
  /** Namespaces a preview found missing; nothing has to be asked of them twice. */
  readonly missingNamespaces: Set<string>;
  /** Kinds a preview found to be served by nobody. */
  readonly wantedKinds: WantedKinds;
  /** Throws a UserError where the kubeconfig is of no use. */
  client(): ApiClient;
  discovery(): Discovery;
  /** undefined: not served (yet). Without a cluster, what is known by heart. */
  kindOf(gvk: GroupVersionKind, signal?: AbortSignal): Promise<ResourceKind | undefined>;
  /** The namespace for namespaced objects that name none. */
  defaultNamespace(): string;
  learn(inputs: PropertyMap): void;
  close(): void;
}

/** Which live object belongs to which resource of this run; guards against adopting it twice. */
export interface OwnerLog {
  add(urn: string, id: string): void;
  remove(urn: string, id: string): void;
  has(urn: string, id: string): boolean;
}

export function createSession(config: KubernetesConfig, renderOnly: boolean): Session {
  let connected: { client: ApiClient; discovery: Discovery } | undefined;
  const connect = () => {
    if (renderOnly) throw new Error("a render asks no cluster");
    connected ??= open(config);
    return connected;
  };
  const redactor = createRedactor();
  return {
    config,
    renderOnly,
    redactor,
    owners: createOwnerLog(),
    ignored: new Map(),
    missingNamespaces: new Set(),
    wantedKinds: new WantedKinds(),
    client: () => connect().client,
    discovery: () => connect().discovery,
    kindOf: async (gvk, signal) => {
      const known = builtInKind(gvk);
      if (known !== undefined || renderOnly || config.unknownCluster) return known;
      return connect().discovery.find(gvk, signal);
    },
    defaultNamespace: () => config.namespace ?? namespaceOfContext(config, renderOnly),
    learn: (inputs) => secretMaterial(inputs).forEach(redactor.learn),
    close: () => connected?.client.close(),
  };
}

function open(config: KubernetesConfig): { client: ApiClient; discovery: Discovery } {
  if (config.unknownCluster) throw new Error("the cluster is only known after an update");
  const access = resolveCluster(config);
  const client = createApiClient(access, createCredentialSource(access, config.environment));
  return { client, discovery: createDiscovery(client) };
}

/** The context's namespace, as kubectl and the real Pulumi provider take it. */
function namespaceOfContext(config: KubernetesConfig, renderOnly: boolean): string {
  // A render must give the same on every machine, whatever its kubeconfig says.
  if (renderOnly || config.unknownCluster) return "default";
  try {
    return resolveCluster(config).namespace ?? "default";
  } catch (error) {
    // Whoever needs the cluster is told what is wrong with the kubeconfig.
    if (error instanceof UserError) return "default";
    throw error;
  }
}

function createOwnerLog(): OwnerLog {
  const entries = new Set<string>();
  const key = (urn: string, id: string) => `${urn}\n${id}`;
  return {
    add: (urn, id) => void entries.add(key(urn, id)),
    remove: (urn, id) => void entries.delete(key(urn, id)),
    has: (urn, id) => entries.has(key(urn, id)),
  };
}
