/** What Prometheus reads of the relay, in its text format. Every series is there from the start, so that a first failure is seen. */
import type { Channel } from "./channel.ts";

const OUTCOMES = ["delivered", "late", "refused", "full", "stopped"] as const;
const ANSWERS = ["taken", "again", "limited", "refused"] as const;
export type Outcome = (typeof OUTCOMES)[number];
export type AnswerKind = (typeof ANSWERS)[number];

/** From a robot that answers at once to one for which somebody waited until the end (limits.ts). */
const SECONDS = [0.25, 0.5, 1, 2.5, 5, 10, 20, 40];

interface Counts {
  readonly kind: string;
  readonly outcomes: Record<Outcome, number>;
  readonly answers: Record<AnswerKind, number>;
  readonly buckets: number[];
  seconds: number;
  delivered: number;
}

export class Metrics {
  readonly #channels = new Map<string, Counts>();
  #unauthorized = 0;

  constructor(channels: readonly Pick<Channel, "name" | "kind">[]) {
    for (const { name, kind } of channels) {
      this.#channels.set(name, {
        kind,
        outcomes: { delivered: 0, late: 0, refused: 0, full: 0, stopped: 0 },
        answers: { taken: 0, again: 0, limited: 0, refused: 0 },
        buckets: SECONDS.map(() => 0),
        ...{ seconds: 0, delivered: 0 },
      });
    }
  }

  told(channel: string, outcome: Outcome, seconds: number): void {
    const counts = this.#channels.get(channel);
    if (counts === undefined) return;
    counts.outcomes[outcome] += 1;
    if (outcome !== "delivered") return;
    counts.delivered += 1;
    counts.seconds += seconds;
    SECONDS.forEach((bound, index) => {
      if (seconds <= bound) counts.buckets[index] = (counts.buckets[index] ?? 0) + 1;
    });
  }

  answered(channel: string, answer: AnswerKind): void {
    const counts = this.#channels.get(channel);
    if (counts !== undefined) counts.answers[answer] += 1;
  }

  unauthorized(): void {
    this.#unauthorized += 1;
  }

  text(waiting: (channel: string) => number): string {
    const all = [...this.#channels].map(([name, counts]) => ({
      ...{ name, counts, of: `channel="${name}",kind="${counts.kind}"` },
    }));
    const rows = <T extends string>(
      names: readonly T[],
      label: string,
      pick: (c: Counts) => Record<T, number>,
    ) =>
      all.flatMap(({ counts, of }) =>
        names.map((one) => `{${of},${label}="${one}"} ${pick(counts)[one]}`),
      );
    return [
      ...family(
        "alert_relay_notifications_total",
        "counter",
        "Notifications of Alertmanager, by what became of them.",
      ),
      ...rows(OUTCOMES, "outcome", ({ outcomes }) => outcomes).map(
        (row) => `alert_relay_notifications_total${row}`,
      ),
      ...family(
        "alert_relay_messages_total",
        "counter",
        "Messages sent to channels, by what these answered.",
      ),
      ...rows(ANSWERS, "answer", ({ answers }) => answers).map(
        (row) => `alert_relay_messages_total${row}`,
      ),
      ...family(
        "alert_relay_delivery_seconds",
        "histogram",
        "From a notification's arrival until its channel took it.",
      ),
      ...all.flatMap(({ counts, of }) => histogram("alert_relay_delivery_seconds", of, counts)),
      ...family("alert_relay_queue_length", "gauge", "Notifications that wait for a channel."),
      ...all.map(({ name, of }) => `alert_relay_queue_length{${of}} ${waiting(name)}`),
      ...family("alert_relay_unauthorized_total", "counter", "Requests without the right token."),
      `alert_relay_unauthorized_total ${this.#unauthorized}`,
      "",
    ].join("\n");
  }
}

function family(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function histogram(name: string, of: string, { buckets, delivered, seconds }: Counts): string[] {
  return [
    ...SECONDS.map((bound, index) => `${name}_bucket{${of},le="${bound}"} ${buckets[index]}`),
    `${name}_bucket{${of},le="+Inf"} ${delivered}`,
    `${name}_sum{${of}} ${seconds}`,
    `${name}_count{${of}} ${delivered}`,
  ];
}
