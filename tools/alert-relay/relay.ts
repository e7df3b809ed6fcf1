/** Channels with their queues, and what becomes of a notification. */
import { type Channel, secretsOf } from "./channel.ts";
import { ChannelQueue, type Outcome } from "./channel-queue.ts";
import type { Verdict } from "./forms/form.ts";
import { formOf } from "./forms/form-of.ts";
import { limits } from "./limits.ts";
import type { Metrics } from "./metrics.ts";
import type { Notification } from "./notification.ts";
import { Pace } from "./pace.ts";
import type { sender } from "./send.ts";
import { oneLine } from "./text.ts";
import { toldAlert } from "./told-alert.ts";

export type Log = (level: "info" | "warn" | "error", message: string, fields?: object) => void;

export interface RelayParts {
  readonly channels: readonly Channel[];
  readonly replicas: number;
  readonly send: ReturnType<typeof sender>;
  readonly metrics: Metrics;
  readonly log: Log;
}

interface Line {
  readonly channel: Channel;
  readonly queue: ChannelQueue;
  readonly clean: (text: string) => string;
}

export class Relay {
  readonly #lines: ReadonlyMap<string, Line>;
  readonly #metrics: Metrics;
  readonly #log: Log;

  constructor({ channels, replicas, send, metrics, log }: RelayParts) {
    this.#metrics = metrics;
    this.#log = log;
    this.#lines = new Map(
      channels.map((channel) => {
        const form = formOf(channel);
        const clean = cleaner(channel);
        const queue = new ChannelQueue({
          ...{ form, pace: new Pace(form.rate, replicas, Date.now()) },
          send: (outgoing) => send(outgoing, form.judge),
          onAttempt: (verdict, notifications) =>
            this.#attempted(channel, verdict, notifications, clean),
        });
        return [channel.name, { channel, queue, clean }];
      }),
    );
  }

  has(channel: string): boolean {
    return this.#lines.has(channel);
  }

  waiting(channel: string): number {
    return this.#lines.get(channel)?.queue.length ?? 0;
  }

  get idle(): boolean {
    return [...this.#lines.values()].every(({ queue }) => queue.length === 0);
  }

  /** What its channel had to say is in the outcome, without secrets. */
  async tell(name: string, { alerts }: Notification, left: AbortSignal): Promise<Outcome> {
    const line = this.#lines.get(name);
    if (line === undefined) throw new Error(`${name}: no such channel`);
    const { channel, queue, clean } = line;
    const begun = performance.now();
    const told = alerts.map((alert) => toldAlert(alert, channel.language));
    const found = await queue.tell(told, left);
    const outcome = "reason" in found ? { ...found, reason: clean(found.reason) } : found;
    const seconds = (performance.now() - begun) / 1_000;
    this.#metrics.told(name, outcome.kind, seconds);
    const names = [...new Set(told.map((one) => one.name))].slice(0, NAMES_MAX);
    this.#log(outcome.kind === "delivered" ? "info" : "error", outcome.kind, {
      ...{ channel: name, kind: channel.kind, alerts: told.length, names },
      seconds: Math.round(seconds * 1_000) / 1_000,
      ...("reason" in outcome ? { reason: outcome.reason } : {}),
    });
    return outcome;
  }

  stop(): void {
    for (const { queue } of this.#lines.values()) queue.stop();
  }

  #attempted(
    { name, kind }: Channel,
    verdict: Verdict,
    notifications: number,
    clean: Line["clean"],
  ): void {
    this.#metrics.answered(name, verdict.kind);
    if (verdict.kind === "taken") return;
    this.#log("warn", `the channel did not take it (${verdict.kind})`, {
      ...{ channel: name, kind, notifications, reason: clean(verdict.reason) },
    });
  }
}

/** Names in one line of the log. */
const NAMES_MAX = 10;

/** Some gateways repeat in their answer what they were sent. */
function cleaner(channel: Channel): (text: string) => string {
  const secrets = secretsOf(channel).toSorted((one, other) => other.length - one.length);
  return (text) => {
    const shown = secrets.reduce((whole, secret) => whole.replaceAll(secret, "***"), text);
    return oneLine(shown).slice(0, limits.reasonCharactersMax);
  };
}
