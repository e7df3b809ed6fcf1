/** What arrived at the stub of the channels, read from its log. Pure but for the reading. */
import { z } from "zod";
import type { Kubectl } from "./place.ts";
import { SINK, SINK_NAMESPACE } from "./sink-objects.ts";

const line = z.object({
  at: z.iso.datetime(),
  channel: z.string(),
  firing: z.boolean(),
  text: z.string(),
  alerts: z
    .array(
      z.object({
        status: z.enum(["firing", "resolved"]),
        labels: z.record(z.string(), z.string()),
        startsAt: z.string(),
      }),
    )
    .optional(),
});
export type Delivery = z.output<typeof line>;

/** Everything since the stub began. It is asked for again and again: a drill is some hundred lines. */
export async function readDeliveries(kubectl: Kubectl): Promise<Delivery[]> {
  const text = await kubectl(["logs", "-n", SINK_NAMESPACE, SINK]);
  return parseDeliveries(text);
}

/** A last line that is not whole yet is left for the next time. */
export function parseDeliveries(text: string): Delivery[] {
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .filter((one) => one.startsWith("{"))
    .map((one) => line.parse(JSON.parse(one)));
}

export interface Told {
  readonly alert: string;
  readonly severity: string;
  readonly at: Date;
  readonly labels: Readonly<Record<string, string>>;
}

/** Alerts of this state that the webhook was told of from `since` on, in the order of their coming. */
export function toldOf(
  deliveries: readonly Delivery[],
  status: "firing" | "resolved",
  since: Date,
): Told[] {
  return deliveries
    .filter(({ channel, at }) => channel === "webhook" && new Date(at) >= since)
    .flatMap(({ at, alerts = [] }) =>
      alerts
        .filter((one) => one.status === status)
        .map(({ labels }) => ({
          alert: labels["alertname"] ?? "",
          severity: labels["severity"] ?? "",
          at: new Date(at),
          labels,
        })),
    );
}

/** The channels that an alert of this name has reached since then, whatever their form. */
export function channelsTold(
  deliveries: readonly Delivery[],
  alert: string,
  since: Date,
): Set<string> {
  const named = new RegExp(`\\b${alert}\\b`);
  return new Set(
    deliveries
      .filter(({ at, firing, text }) => firing && new Date(at) >= since && named.test(text))
      .map(({ channel }) => channel),
  );
}
