/** Where a drill takes place: a deployed stack as its caller, its operator and its Prometheus see it. */
import { Agent } from "undici";
import { PrometheusClient } from "../prometheus/client.ts";

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

/** Of the service. */
export const NAMESPACE = "deepseek";

/** Half an hour of load must not be lost because one of two hundred questions came at a bad moment. */
const ATTEMPTS = 3;
const CONNECT_MS = 10_000;

/** Whoever opens it closes it. */
export function openPrometheus({ prometheusUrl, ca }: Pick<Place, "prometheusUrl" | "ca">) {
  const dispatcher = new Agent({ connect: { ca, timeout: CONNECT_MS } });
  const client = new PrometheusClient({ url: prometheusUrl, dispatcher, attempts: ATTEMPTS });
  return { client, close: () => dispatcher.close() };
}
