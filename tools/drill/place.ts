/** Where a drill takes place: a deployed stack as its caller, its operator and its Prometheus see it. */
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";

export interface Place {
  /** Of the service, through its edge. */
  readonly url: string;
  readonly apiKey: string;
  /** Of every identity that the stack's settings name. */
  readonly apiKeys: Readonly<Record<string, string>>;
  readonly models: readonly string[];
  readonly prometheusUrl: string;
  /** PEM of the stack's authority. */
  readonly ca: string;
  /** Runs kubectl on the stack's cluster; rejects with what it said where it fails. */
  readonly kubectl: Kubectl;
}

export type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** Pairs of seconds since 1970 and the value as text. */
  readonly values: readonly (readonly [number, string])[];
}

const TIMEOUT_MS = 30_000;
/** Half an hour of load must not be lost because one of two hundred questions came at a bad moment. */
const ATTEMPTS = 3;
const PAUSE_MS = 2_000;

/** Questions to the stack's Prometheus, each asked three times at most. It may be away: that is an Error like any other. */
export class PrometheusClient {
  readonly #url: string;
  readonly #agent: Agent;

  constructor({ prometheusUrl, ca }: Pick<Place, "prometheusUrl" | "ca">) {
    this.#url = prometheusUrl;
    this.#agent = new Agent({ connect: { ca, timeout: TIMEOUT_MS } });
  }

  /** What holds now: one value a series. */
  async now(
    expr: string,
  ): Promise<{ readonly metric: Series["metric"]; readonly value: number }[]> {
    const found = await this.#ask<{ metric: Series["metric"]; value: [number, string] }>("query", {
      query: expr,
    });
    return found.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  /** From and to in seconds since 1970. */
  async between(expr: string, from: number, to: number, stepSeconds: number): Promise<Series[]> {
    const range = { start: String(from), end: String(to), step: String(stepSeconds) };
    return this.#ask<Series>("query_range", { query: expr, ...range });
  }

  async #ask<T>(kind: string, query: Readonly<Record<string, string>>): Promise<T[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#askOnce<T>(kind, query);
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        await sleep(PAUSE_MS);
      }
    }
  }

  async #askOnce<T>(kind: string, query: Readonly<Record<string, string>>): Promise<T[]> {
    const response = await request(new URL(`/api/v1/${kind}`, this.#url), {
      dispatcher: this.#agent,
      query,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    const answer = (await response.body.json()) as {
      readonly status: string;
      readonly error?: string;
      readonly data: { readonly result: T[] };
    };
    if (answer.status !== "success") throw new Error(`${query["query"]}: ${answer.error}`);
    return answer.data.result;
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }
}
