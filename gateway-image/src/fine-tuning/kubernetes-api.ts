/**
 * The API server of the cluster that the gateway runs in, as far as it is needed here: one request,
 * one JSON answer, within bounds. Token and CA are read afresh each time, since the kubelet renews
 * them; no message holds either.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { Agent } from "undici";
import { limits } from "../limits.ts";

export interface KubernetesApiOptions {
  /** Scheme, host and port. */
  readonly url: string;
  /** Of the service account: `token`, `ca.crt`, `namespace`. */
  readonly folder: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

export class KubernetesApi {
  readonly #options: KubernetesApiOptions;
  #agent: { readonly ca: string; readonly agent: Agent } | null = null;

  constructor(options: KubernetesApiOptions) {
    this.#options = options;
  }

  /** The one that the service account is of. */
  get namespace(): string {
    return this.#read("namespace");
  }

  /** Rejects where there is no answer, or none that can be read; any status is an answer. */
  async request(
    method: "GET" | "POST" | "DELETE",
    where: string,
    signal: AbortSignal,
    body?: object,
  ): Promise<ApiAnswer> {
    const { statusCode, body: stream } = await this.#agentNow().request({
      origin: this.#options.url,
      path: where,
      method,
      headers: {
        accept: "application/json",
        authorization: `Bearer ${this.#read("token")}`,
        "user-agent": "deepseek-private-service",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
    });
    const text = await stream.text();
    return { status: statusCode, body: parsed(text) };
  }

  async close(): Promise<void> {
    await this.#agent?.agent.destroy();
    this.#agent = null;
  }

  /** Connections are kept while the CA is the same. */
  #agentNow(): Agent {
    const ca = this.#read("ca.crt");
    if (this.#agent?.ca === ca) return this.#agent.agent;
    const former = this.#agent?.agent;
    const agent = new Agent({
      connect: { ca, timeout: limits.upstreamConnectTimeoutMs },
      connections: limits.fineTuningsAtOnce * 2,
      headersTimeout: limits.fineTuningTimeoutMs,
      bodyTimeout: limits.fineTuningTimeoutMs,
      maxHeaderSize: limits.headerBytesMax,
      maxResponseSize: limits.kubernetesAnswerBytesMax,
    });
    this.#agent = { ca, agent };
    // Requests that run on it may end.
    void former?.close().catch(() => {});
    return agent;
  }

  #read(name: string): string {
    return readFileSync(path.join(this.#options.folder, name), "utf8").trim();
  }
}

/** A proxy's page is no answer of ours; the status says enough. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
