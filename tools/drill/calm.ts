/**
 * An ordinary stretch of a service's life, in which nobody may be called: callers, a gateway that is
 * replaced, a rollout, one model server more and one less. What Prometheus fired meanwhile is a false alarm.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Progress } from "../base/progress.ts";
import type { PrometheusClient } from "../prometheus/client.ts";
import { failures, runOrdinaryLoad, type Tally } from "./ordinary-load.ts";
import { type PanelData, panelData } from "./panels.ts";
import { NAMESPACE, openPrometheus, type Place } from "./place.ts";
import { type Watching, watchingLoad } from "./watching-load.ts";

export interface Calm {
  readonly place: Place;
  readonly minutes: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface FalseAlarm {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly firstAt: string;
  readonly seconds: number;
}

export interface CalmFigures {
  readonly minutes: number;
  readonly tally: Tally;
  readonly failed: readonly (readonly [string, number])[];
  /** What was done to the stack, as a person does it. */
  readonly done: readonly string[];
  readonly alarms: readonly FalseAlarm[];
  /** Alerts that waited and were not sent, by name: how near it was. */
  readonly pending: readonly string[];
  readonly panels: readonly PanelData[];
  readonly watching: Watching;
}

const CALLERS = 3;
const STEP_SECONDS = 15;
/** Always firing, and meant to. */
const HEARTBEAT = "Watchdog";

/** Share of the time → what happens then. */
type Event = readonly [number, string, (place: Place) => Promise<unknown>];

const EVENTS: readonly Event[] = [
  [0.15, "a gateway's pod is deleted", on("delete", "pod", "gateway-0", "--wait=false")],
  [0.3, "gateways are rolled out", on("rollout", "restart", "statefulset/gateway")],
  [0.45, "one model server more", scaled(2)],
  [0.6, "and one less again", scaled(1)],
  [0.75, "edges are rolled out", on("rollout", "restart", "deployment/edge")],
];

function on(...words: string[]): Event[2] {
  return ({ kubectl }) => kubectl(["-n", NAMESPACE, ...words]);
}

function scaled(replicas: number): Event[2] {
  return (place) =>
    on("scale", `deployment/model-${place.models[0]}`, `--replicas=${replicas}`)(place);
}

export async function calm(options: Calm): Promise<CalmFigures> {
  const { place, minutes, progress, signal } = options;
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const { client: prometheus, close } = openPrometheus(place);
  const from = Date.now() / 1000;
  const load = runOrdinaryLoad({ place, models: place.models, callers: CALLERS, signal: stop });
  try {
    const done = await progress.step(`${minutes} minutes of ordinary load`, (step) =>
      pass(options, (text) => step.status(text)),
    );
    const to = Date.now() / 1000;
    const panels = await panelData(prometheus, from, to);
    const watching = await watchingLoad(prometheus, Math.round(to - from));
    over.abort();
    const tally = await load;
    signal.throwIfAborted();
    return {
      ...{ minutes, tally, failed: failures(tally), done, panels, watching },
      alarms: await fired(prometheus, from, to),
      pending: await pending(prometheus, from, to),
    };
  } finally {
    over.abort();
    await load.catch(() => {});
    await close();
  }
}

async function pass(
  { place, minutes, signal }: Calm,
  say: (text: string) => void,
): Promise<string[]> {
  const begun = performance.now();
  const whole = minutes * 60_000;
  const done: string[] = [];
  for (const [share, what, act] of EVENTS) {
    await sleep(Math.max(0, begun + share * whole - performance.now()), undefined, { signal });
    say(what);
    await act(place);
    done.push(what);
  }
  await sleep(Math.max(0, begun + whole - performance.now()), undefined, { signal });
  return done;
}

async function fired(
  prometheus: PrometheusClient,
  from: number,
  to: number,
): Promise<FalseAlarm[]> {
  const expr = `ALERTS{alertstate="firing",alertname!="${HEARTBEAT}"}`;
  const series = await prometheus.between(expr, from, to, STEP_SECONDS);
  return series.map(({ metric, values }) => {
    const { alertname = "", alertstate: _state, __name__: _name, ...labels } = metric;
    const [first = [from, ""]] = values;
    return {
      alert: alertname,
      labels,
      firstAt: new Date(first[0] * 1000).toISOString(),
      seconds: values.length * STEP_SECONDS,
    };
  });
}

async function pending(prometheus: PrometheusClient, from: number, to: number): Promise<string[]> {
  const series = await prometheus.between(
    'ALERTS{alertstate="pending"}',
    ...([from, to, STEP_SECONDS] as const),
  );
  return [...new Set(series.map(({ metric }) => metric["alertname"] ?? ""))].sort();
}
