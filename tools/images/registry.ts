/**
 * One repository of a container registry, over the OCI distribution protocol: is a blob there,
 * upload one, put a manifest, ask for a digest. Tokens are fetched once, before anything is sent.
 */
import { Client, type Dispatcher } from "undici";
import { UserError } from "../base/user-error.ts";
import type { Credentials } from "./registry-credentials.ts";

export interface Repository {
  readonly name: string;
  hasBlob(digest: string): Promise<boolean>;
  putBlob(digest: string, bytes: number, body: AsyncIterable<Uint8Array>): Promise<void>;
  putManifest(tag: string, mediaType: string, body: Uint8Array): Promise<void>;
  /** Undefined where the registry knows no such tag. */
  digestOf(tag: string): Promise<string | undefined>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Between two signs of life; an upload as a whole may last as long as it moves. */
const IDLE_TIMEOUT_MS = 60_000;
const MANIFEST_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** `registry.example.org/path` or `localhost:5000`. */
export function parseRepository(text: string): { host: string; path: string } {
  const match = /^([a-zA-Z0-9.-]+(?::\d+)?|\[[0-9a-f:]+\](?::\d+)?)(?:\/([a-z0-9._/-]+))?\/?$/.exec(
    text,
  );
  if (match === null) {
    throw new UserError(`"${text}" is no registry`, {
      where: "--registry",
      fix: "HOST, HOST:PORT or HOST/PATH, without https:// and without a tag",
    });
  }
  return { host: match[1] ?? "", path: (match[2] ?? "").replace(/\/$/, "") };
}

/** Plain HTTP is spoken to this machine only. */
function originOf(host: string): string {
  const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
  const address = host === "docker.io" ? "registry-1.docker.io" : host;
  return `${loopback ? "http" : "https"}://${address}`;
}

export async function openRepository(
  host: string,
  name: string,
  actions: "pull" | "pull,push",
  credentials: Credentials | undefined,
): Promise<Repository> {
  const client = new Client(originOf(host), {
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: IDLE_TIMEOUT_MS,
    bodyTimeout: IDLE_TIMEOUT_MS,
  });
  try {
    const authorization = await authorize(
      client,
      host,
      `repository:${name}:${actions}`,
      credentials,
    );
    return repository(client, host, name, authorization);
  } catch (error) {
    await client.destroy();
    throw asUserError(error, host);
  }
}

function repository(
  client: Client,
  host: string,
  name: string,
  authorization: string | undefined,
): Repository {
  const send = async (
    request: Pick<Dispatcher.RequestOptions, "method" | "path" | "body"> & {
      headers?: Record<string, string>;
    },
    accepted: readonly number[],
  ) => {
    const headers = {
      ...request.headers,
      ...(authorization === undefined ? {} : { authorization }),
    };
    try {
      const answer = await client.request({ ...request, headers });
      const text = await answer.body.text();
      if (accepted.includes(answer.statusCode)) return answer;
      throw refusal(host, `${request.method} of ${name}`, answer.statusCode, text);
    } catch (error) {
      throw asUserError(error, host);
    }
  };
  return {
    name,
    async hasBlob(digest) {
      const path = `/v2/${name}/blobs/${digest}`;
      return (await send({ method: "HEAD", path }, [200, 307, 404])).statusCode !== 404;
    },
    async putBlob(digest, bytes, body) {
      const started = await send({ method: "POST", path: `/v2/${name}/blobs/uploads/` }, [202]);
      const location = new URL(String(started.headers["location"]), originOf(host));
      if (location.origin !== new URL(originOf(host)).origin) {
        throw refusal(host, "upload", 202, "the upload goes to another host");
      }
      location.searchParams.set("digest", digest);
      const headers = {
        "content-type": "application/octet-stream",
        "content-length": String(bytes),
      };
      const path = location.pathname + location.search;
      await send({ method: "PUT", path, headers, body: body as never }, [201]);
    },
    async putManifest(tag, mediaType, body) {
      const headers = { "content-type": mediaType };
      await send({ method: "PUT", path: `/v2/${name}/manifests/${tag}`, headers, body }, [201]);
    },
    async digestOf(tag) {
      const headers = { accept: MANIFEST_TYPES };
      const path = `/v2/${name}/manifests/${tag}`;
      const answer = await send({ method: "HEAD", path, headers }, [200, 404]);
      const digest = answer.headers["docker-content-digest"];
      return answer.statusCode === 404 || digest === undefined ? undefined : String(digest);
    },
    close: () => client.destroy(),
  };
}

/** The header to send with everything, or undefined where the registry wants none. */
async function authorize(
  client: Client,
  host: string,
  scope: string,
  credentials: Credentials | undefined,
): Promise<string | undefined> {
  const answer = await client.request({ method: "GET", path: "/v2/" });
  await answer.body.dump();
  if (answer.statusCode === 200) return undefined;
  const challenge = String(answer.headers["www-authenticate"] ?? "");
  if (answer.statusCode !== 401) throw refusal(host, "greeting", answer.statusCode, "");
  if (/^basic/i.test(challenge)) {
    if (credentials === undefined) throw refusal(host, "log-in", 401, "it wants a user");
    return basic(credentials);
  }
  const parts = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
  );
  if (!/^bearer/i.test(challenge) || parts["realm"] === undefined) {
    throw refusal(host, "log-in", 401, `unknown challenge "${challenge.slice(0, 60)}"`);
  }
  return `Bearer ${await fetchToken(parts["realm"], parts["service"], scope, host, credentials)}`;
}

async function fetchToken(
  realm: string,
  service: string | undefined,
  scope: string,
  host: string,
  credentials: Credentials | undefined,
): Promise<string> {
  const url = new URL(realm);
  if (url.protocol !== "https:" && !originOf(host).startsWith("http:")) {
    throw refusal(host, "log-in", 401, "its token service does not use https");
  }
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", scope);
  const answer = await fetch(url, {
    ...(credentials === undefined ? {} : { headers: { authorization: basic(credentials) } }),
    signal: AbortSignal.timeout(IDLE_TIMEOUT_MS),
  });
  const value: unknown = await answer.json().catch(() => undefined);
  const token =
    typeof value === "object" && value !== null
      ? (Reflect.get(value, "token") ?? Reflect.get(value, "access_token"))
      : undefined;
  if (typeof token !== "string") throw refusal(host, "log-in", answer.status, "it gave no token");
  return token;
}

function basic({ user, password }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function refusal(host: string, what: string, status: number, text: string): UserError {
  const denied = status === 401 || status === 403;
  return new UserError(`The registry ${host} refused the ${what}: status ${status}`, {
    where: text.slice(0, 300).trim() || host,
    fix: denied
      ? `Log in (docker login ${host}, podman login ${host}); credential helpers are not asked.`
      : "Check the registry's path, its rights and its log.",
    exitCode: 1,
  });
}

function asUserError(error: unknown, host: string): Error {
  if (error instanceof UserError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new UserError(`The registry ${host} cannot be reached`, {
    where: reason,
    fix: "Check the name, the network and the certificate (NODE_EXTRA_CA_CERTS for an own authority).",
    exitCode: 1,
  });
}
