/**
 * The simulated inference of one model: at most `maxNumSeqs` requests run, later ones wait in
 * order; prefill takes time by prompt length, then tokens come at an even pace.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { SimulatorConfig } from "./config.ts";
import { LoadMeter } from "./load-meter.ts";
import { type FinishedReason, ModelMetrics } from "./metrics.ts";
import { PrefixCache } from "./prefix-cache.ts";
import type { Call, Controls } from "./request.ts";
import { shapedTokens } from "./shaped-answer.ts";
import { type Answer, answerTo, createRandom, hashText } from "./text.ts";

/** Longest prefill that one A100 batch holds at the default length; sizes the KV gauge only. */
const KV_SEQUENCES = 64;

export interface Token {
  /** The answer it belongs to, from 0. */
  readonly choice: number;
  readonly text: string;
  /** Its place in that answer. */
  readonly index: number;
  readonly last: boolean;
}

export interface Generation {
  readonly answers: readonly Answer[];
  readonly promptTokens: number;
  /** Yields each token when its time has come; throws ConnectionLost where one is to be played. */
  tokens(signal: AbortSignal): AsyncGenerator<Token>;
}

/** The request is to end as if the server's connection had broken. */
class ConnectionLost extends Error {}

export class ModelEngine {
  readonly metrics: ModelMetrics;
  readonly #config: SimulatorConfig;
  readonly #queue: (() => void)[] = [];
  /** Slots taken; one is handed on to the next in the queue without ever becoming free. */
  #slotsTaken = 0;
  readonly #random: () => number;

  readonly #meter: LoadMeter;
  readonly #prefixes = new PrefixCache();

  constructor(model: string, config: SimulatorConfig, meter = new LoadMeter()) {
    this.#config = config;
    this.#meter = meter;
    this.metrics = new ModelMetrics(model, config.maxModelLen, config.maxModelLen * KV_SEQUENCES);
    this.#random = createRandom(hashText(model, config.seed));
  }

  /** Draws which fault, if any, the next request meets. */
  drawFaults(): Controls {
    const { errorRate, stallRate, disconnectRate, stallMs } = this.#config;
    if (this.#random() < errorRate) return { error: 500 };
    if (this.#random() < disconnectRate) return { disconnectAfter: 3 };
    if (this.#random() < stallRate) return { stallAfter: 3, stallMs };
    return {};
  }

  prepare(call: Call, promptTokens: number, tokensMax: number, controls: Controls): Generation {
    const answers = Array.from({ length: call.choices }, (_, choice) =>
      this.#answer(call, choice, tokensMax, controls),
    );
    const run = (signal: AbortSignal) => {
      this.metrics.prefixQueries += promptTokens;
      this.metrics.prefixHits += Math.min(
        promptTokens,
        this.#prefixes.hits(call.prompt, call.cacheSalt),
      );
      return this.#run(answers, promptTokens, controls, signal);
    };
    return { answers, promptTokens, tokens: run };
  }

  /** The first answer depends on the seed alone, so that asking for more does not change it. */
  #answer(call: Call, choice: number, tokensMax: number, controls: Controls): Answer {
    const seed = (call.seed ?? this.#config.seed) + choice;
    if (call.shape !== null) {
      const tokens = shapedTokens(call.shape, hashText(call.prompt, seed));
      const fits = tokens.length <= tokensMax;
      const finishReason = !fits ? "length" : call.shape.kind === "tool" ? "tool_calls" : "stop";
      const tool = call.shape.kind === "tool" ? call.shape.name : null;
      return { tokens: tokens.slice(0, tokensMax), finishReason, tool };
    }
    const exactly = controls.tokens ?? (call.ignoreEnd ? tokensMax : undefined);
    return answerTo(call.prompt, { seed, tokensMax, exactly });
  }

  /** Runs work that yields no tokens (embeddings) in a slot. */
  async prefillOnly(promptTokens: number, controls: Controls, signal: AbortSignal): Promise<void> {
    for await (const _ of this.#run([], promptTokens, controls, signal)) {
      // No tokens: the loop only waits for the slot and the prefill.
    }
  }

  async *#run(
    answers: readonly Answer[],
    promptTokens: number,
    controls: Controls,
    signal: AbortSignal,
  ): AsyncGenerator<Token> {
    const arrived = performance.now();
    await this.#takeSlot(signal);
    const { metrics } = this;
    metrics.observe("vllm:request_queue_time_seconds", (performance.now() - arrived) / 1000);
    metrics.running += 1;
    this.#meter.enter();
    metrics.tokensHeld += promptTokens;
    let produced = 0;
    let reason: FinishedReason = "abort";
    try {
      await this.#pause(this.#prefillMs(promptTokens, controls), signal);
      metrics.promptTokens += promptTokens;
      metrics.observe("vllm:time_to_first_token_seconds", (performance.now() - arrived) / 1000);
      for await (const token of this.#decode(answers, controls, signal)) {
        produced += 1;
        metrics.generationTokens += 1;
        metrics.tokensHeld += 1;
        yield token;
      }
      reason = answers[0]?.finishReason === "length" ? "length" : "stop";
    } catch (error) {
      if (error instanceof ConnectionLost) reason = "error";
      throw error;
    } finally {
      metrics.running -= 1;
      this.#meter.leave();
      metrics.tokensHeld -= promptTokens + produced;
      metrics.finished(reason);
      metrics.observe("vllm:request_prompt_tokens", promptTokens);
      metrics.observe("vllm:request_generation_tokens", produced);
      metrics.observe("vllm:e2e_request_latency_seconds", (performance.now() - arrived) / 1000);
      this.#releaseSlot();
    }
  }

  #releaseSlot(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#slotsTaken -= 1;
    else next();
  }

  /** One step yields the next token of every answer, as one batch on a GPU does. */
  async *#decode(
    answers: readonly Answer[],
    controls: Controls,
    signal: AbortSignal,
  ): AsyncGenerator<Token> {
    const interval = 1000 / (controls.tokensPerSecond ?? this.#config.tokensPerSecond);
    let due = performance.now();
    let previous = due;
    const steps = Math.max(0, ...answers.map((answer) => answer.tokens.length));
    for (let index = 0; index < steps; index += 1) {
      if (index > 0) {
        // A due time, not a fixed pause, so that a busy machine does not slow the pace for ever.
        due += this.#vary(interval);
        if (index === controls.stallAfter) due += controls.stallMs ?? this.#config.stallMs;
        await this.#pause(due - performance.now(), signal);
        const now = performance.now();
        this.metrics.observe("vllm:inter_token_latency_seconds", (now - previous) / 1000);
        previous = now;
      }
      if (index === controls.disconnectAfter) throw new ConnectionLost();
      for (const [choice, { tokens }] of answers.entries()) {
        const text = tokens[index];
        if (text !== undefined) yield { choice, text, index, last: index === tokens.length - 1 };
      }
    }
  }

  async #takeSlot(signal: AbortSignal): Promise<void> {
    if (this.#slotsTaken < this.#config.maxNumSeqs) {
      this.#slotsTaken += 1;
      return;
    }
    this.metrics.waiting += 1;
    try {
      await new Promise<void>((resolve, reject) => {
        const leave = () => {
          const at = this.#queue.indexOf(start);
          if (at !== -1) this.#queue.splice(at, 1);
          this.metrics.finished("abort");
          reject(signal.reason);
        };
        const start = () => {
          signal.removeEventListener("abort", leave);
          resolve();
        };
        if (signal.aborted) return leave();
        this.#queue.push(start);
        signal.addEventListener("abort", leave, { once: true });
      });
    } finally {
      this.metrics.waiting -= 1;
    }
  }

  async #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (milliseconds >= 1) await sleep(milliseconds, undefined, { signal });
  }

  #prefillMs(promptTokens: number, controls: Controls): number {
    const prefill = (promptTokens * 1000) / this.#config.prefillTokensPerSecond;
    return this.#vary((controls.ttftMs ?? this.#config.ttftMs) + prefill);
  }

  #vary(milliseconds: number): number {
    const { jitter } = this.#config;
    return milliseconds * (1 - jitter + 2 * jitter * this.#random());
  }
}
