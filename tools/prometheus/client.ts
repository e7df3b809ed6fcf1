/** Questions to a Prometheus over its HTTP API. It may be away for a moment: that is an Error like any other. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Dispatcher, request } from "undici";
import { z } from "zod";

/** For one attempt: a busy machine's rules are read slowly. */
const ANSWER_MS = 30_000;
const PAUSE_MS = 2_000;

const labels = z.record(z.string(), z.string());
const sample = z.tuple([z.number(), z.string()]);
const vectorSchema = z.object({ result: z.array(z.object({ metric: labels, value: sample })) });
const matrixSchema = z.object({
  result: z.array(z.object({ metric: labels, values: z.array(sample) })),
});

/** What holds now. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** Pairs of seconds since 1970 and the value as text. */
  readonly values: readonly (readonly [number, string])[];
}

export interface PrometheusPlace {
  readonly url: string;
  /** Trusts its authority; belongs to whoever made it. */
  readonly dispatcher: Dispatcher;
  /** How often a question is asked at most; 1 by default. */
  readonly attempts?: number;
}

export class PrometheusClient {
  readonly url: string;
  readonly #dispatcher: Dispatcher;
  readonly #attempts: number;

  constructor({ url, dispatcher, attempts = 1 }: PrometheusPlace) {
    this.url = url;
    this.#dispatcher = dispatcher;
    this.#attempts = attempts;
  }

  /** One value a series. */
  async now(expr: string): Promise<Sample[]> {
    const { result } = vectorSchema.parse(await this.get("query", { query: expr }));
    return result.map(({ metric, value: [, text] }) => ({ metric, value: numberOf(text) }));
  }

  /** From and to in seconds since 1970. */
  async between(expr: string, from: number, to: number, stepSeconds: number): Promise<Series[]> {
    const range = { start: String(from), end: String(to), step: String(stepSeconds) };
    return matrixSchema.parse(await this.get("query_range", { query: expr, ...range })).result;
  }

  /** The data of an answer, as it is; `what`: the path behind /api/v1/. */
  async get(what: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#getOnce(what, query);
      } catch (error) {
        if (attempt >= this.#attempts) throw error;
        await sleep(PAUSE_MS);
      }
    }
  }

  async #getOnce(what: string, query: Readonly<Record<string, string>>): Promise<unknown> {
    const { statusCode, body } = await request(new URL(`/api/v1/${what}`, this.url), {
      ...{ dispatcher: this.#dispatcher, query },
      ...{ headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS },
    });
    // What is wrong with a query is said in the body of a 400.
    if (statusCode !== 200) {
      const text = (await body.text()).slice(0, REASON_CHARACTERS);
      throw new Error(`/api/v1/${what} answers ${statusCode}: ${query["query"] ?? ""} ${text}`);
    }
    return ((await body.json()) as { readonly data: unknown }).data;
  }
}

const REASON_CHARACTERS = 500;

/** Prometheus writes +Inf and -Inf. */
function numberOf(text: string): number {
  return Number(text.replace("Inf", "Infinity"));
}
