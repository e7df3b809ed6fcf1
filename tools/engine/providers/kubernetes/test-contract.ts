/** What the contract tests share: an API server, a Pulumi provider on it, and objects to try. */
import { silentProgress } from "../../../base/progress.ts";
import { UserError } from "../../../base/user-error.ts";
import { ensureBinaries } from "../../../cluster/binaries.ts";
import type { Provider } from "../../provider.ts";
import type { PropertyMap } from "../../values.ts";
import { createKubernetesProvider } from "./provider.ts";
import { startTestApiServer, type TestApiServer } from "./test-api-server.ts";
import { type TestStack, testStack } from "./test-stack.ts";

export interface Contract {
  readonly server: TestApiServer;
  readonly stack: TestStack;
  /** Another Pulumi provider on the same server, as a next run or another configuration would be. */
  newProvider(config?: PropertyMap): Promise<Provider>;
  /** The object as kubectl shows it, in the default namespace. */
  live(kind: string, name: string): Promise<PropertyMap>;
  stop(): Promise<void>;
}

/** `kube`: a ready-built binary; undefined takes, or builds, the cluster's own. */
export async function startContract(kube: string | undefined): Promise<Contract> {
  const binary = kube ?? (await ensureBinaries({ progress: silentProgress })).kube;
  const server = await startTestApiServer(binary);
  const newProvider = async (config: PropertyMap = {}) => {
    const created = createKubernetesProvider({ environment: { KUBECONFIG: server.kubeconfig } });
    await created.configure(config);
    return created;
  };
  const provider = await newProvider();
  return {
    server,
    stack: testStack(provider),
    newProvider,
    live: async (kind, name) =>
      JSON.parse(await server.kubectl(["get", kind, name, "-n", "default", "-o", "json"])),
    stop: async () => {
      await provider.close();
      await server.stop();
    },
  };
}

export const CONFIG_MAP = "kubernetes:core/v1:ConfigMap";
export const SECRET = "kubernetes:core/v1:Secret";
export const SERVICE = "kubernetes:core/v1:Service";
export const DEPLOYMENT = "kubernetes:apps/v1:Deployment";

export function configMap(data: Record<string, string>, name?: string): PropertyMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: name === undefined ? {} : { name },
    data,
  };
}

export function deployment(name: string, replicas = 1, extra: PropertyMap = {}): PropertyMap {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "main", image: "example/none:1" }] },
      },
      ...extra,
    },
  };
}

/** The error that `work` ends with; an error of its own where it does not. */
export async function thrown(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** What a person would read. */
export function story(error: Error): string {
  return error instanceof UserError ? `${error.message} | ${error.fix}` : error.message;
}
