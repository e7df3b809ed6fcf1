/**
 * The few calls that the cluster's own objects need, as the administrator on loopback. Stacks do
 * not use this: the engine has its own Kubernetes Pulumi provider.
 */
import { readFile } from "node:fs/promises";
import https from "node:https";
import { certificateFile, keyFile } from "./certificates.ts";
import { type Layout, PORTS } from "./layout.ts";

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Api {
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer>;
  /** Server-side apply with our field manager. */
  apply(object: KubernetesObject, subresource?: string): Promise<void>;
  close(): void;
}

const TIMEOUT_MS = 15_000;
const MANAGER = "deepseek-cluster";

/** Kinds that we apply; the plural is part of the path. */
const PLURALS: Readonly<Record<string, string>> = {
  ConfigMap: "configmaps",
  ClusterRole: "clusterroles",
  ClusterRoleBinding: "clusterrolebindings",
  Deployment: "deployments",
  Node: "nodes",
  PersistentVolume: "persistentvolumes",
  Service: "services",
  ServiceAccount: "serviceaccounts",
  StorageClass: "storageclasses",
};

export class ApplyError extends Error {
  /** The namespace or a right may not be there yet, or the server may still be starting. */
  readonly transient: boolean;

  constructor(object: KubernetesObject, answer: Answer) {
    super(`${object.kind} ${object.metadata.name}: ${messageOf(answer)}`);
    this.name = "ApplyError";
    this.transient = answer.status >= 500 || [403, 404, 409, 429].includes(answer.status);
  }
}

export async function openApi(layout: Layout): Promise<Api> {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 8 });
  const identity = {
    ca: await readFile(certificateFile(layout, "ca")),
    cert: await readFile(certificateFile(layout, "admin")),
    key: await readFile(keyFile(layout, "admin")),
  };
  const request: Api["request"] = (method, path, body, contentType = "application/json") =>
    send(
      { host: "127.0.0.1", port: PORTS.api, method, path, agent, ...identity },
      body,
      contentType,
    );
  return {
    request,
    close: () => agent.destroy(),
    async apply(object, subresource) {
      const suffix = subresource === undefined ? "" : `/${subresource}`;
      const path = `${pathOf(object)}${suffix}?fieldManager=${MANAGER}&force=true`;
      const answer = await request("PATCH", path, object, "application/apply-patch+yaml");
      if (answer.status >= 300) {
        throw new ApplyError(object, answer);
      }
    },
  };
}

function pathOf(object: KubernetesObject): string {
  const plural = PLURALS[object.kind];
  if (plural === undefined) throw new Error(`no path is known for ${object.kind}`);
  const root = object.apiVersion.includes("/") ? `/apis/${object.apiVersion}` : `/api/v1`;
  const { namespace, name } = object.metadata;
  return `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plural}/${name}`;
}

function messageOf(answer: Answer): string {
  const body = answer.body as { message?: unknown } | undefined;
  return typeof body?.message === "string" ? body.message : `status ${answer.status}`;
}

function send(options: https.RequestOptions, body: unknown, contentType: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      accept: "application/json",
      ...(payload === undefined
        ? {}
        : { "content-type": contentType, "content-length": Buffer.byteLength(payload) }),
    };
    const request = https.request({ ...options, headers });
    request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error("the API server is silent")));
    request.once("error", reject);
    request.once("response", (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.once("error", reject);
      answer.once("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: answer.statusCode ?? 0, body: parse(text) });
      });
    });
    request.end(payload);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
