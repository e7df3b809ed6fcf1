/**
 * The drill of alerts: faults are put into a running stack, and for each one the time from its cause to the
 * alert's arrival at a stub of every channel is taken. What else was told meanwhile is told here, too.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Progress, Step } from "../base/progress.ts";
import type { Authority } from "../pki/authority.ts";
import type { PrometheusClient } from "../prometheus/client.ts";
import { channelsTold, type Delivery, readDeliveries, type Told, toldOf } from "./deliveries.ts";
import { type Fault, type FaultContext, WAVES, type Wave } from "./faults.ts";
import { runOrdinaryLoad } from "./ordinary-load.ts";
import { type PanelData, panelData } from "./panels.ts";
import { openPrometheus, type Place } from "./place.ts";
import { KINDS } from "./sink-objects.ts";

export interface Drill {
  readonly place: Place;
  readonly authority: Authority;
  readonly waves: readonly Wave[];
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Called at the end of each wave: a drill that is ended early has shown what it took until then. */
  readonly told: (wave: WaveFigures) => void;
}

export interface FaultFigures {
  readonly fault: string;
  /** null: within the limit nobody was told. */
  readonly alert: string | null;
  readonly severity: string | null;
  readonly secondsToDelivery: number | null;
  /** Channels that it reached, of all kinds there are. */
  readonly channels: readonly string[];
  /** From the mending; null: not within a quarter of an hour. */
  readonly secondsToResolved: number | null;
  readonly prometheusDied: boolean;
}

export interface WaveFigures {
  readonly wave: string;
  readonly faults: readonly FaultFigures[];
  /** Other alerts that were delivered meanwhile: what a person on call would have seen as well. */
  readonly also: readonly string[];
}

const CALLERS = 3;
const POLL_MS = 2_000;
/** Every channel has its own group and its own wait. */
const CHANNELS_WITHIN_MS = 90_000;
/** The longest of all: gateways judge their own audit trail every ten minutes. */
const CALM_WITHIN_MS = 15 * 60_000;
/** Rates of five minutes have something to say. */
const WARM_UP_MS = 120_000;

export interface DrillFigures {
  readonly waves: readonly WaveFigures[];
  /** Faults are when the panels about faults have something to show. */
  readonly panels: readonly PanelData[];
}

export async function drill(options: Drill): Promise<DrillFigures> {
  const { place, authority, progress, signal } = options;
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const context: FaultContext = { place, authority, bends: new Map(), traffic: { on: true } };
  const load = runOrdinaryLoad({
    ...{ place, models: place.models, callers: CALLERS, signal: stop },
    bend: (model) => context.bends.get(model)?.(),
    paused: () => !context.traffic.on,
  });
  const { client: prometheus, close } = openPrometheus(place);
  const from = Date.now() / 1000;
  try {
    await progress.step("ordinary load before the first fault", () =>
      sleep(WARM_UP_MS, undefined, { signal }),
    );
    const waves: WaveFigures[] = [];
    for (const wave of options.waves) {
      const one = await progress.step(`faults: ${wave.name}`, (step) =>
        runWave(wave, context, { prometheus, signal, step }),
      );
      waves.push(one);
      options.told(one);
    }
    return { waves, panels: await panelData(prometheus, from, Date.now() / 1000) };
  } finally {
    over.abort();
    await load.catch(() => {});
    await close();
  }
}

interface Watch {
  readonly prometheus: PrometheusClient;
  readonly signal: AbortSignal;
  readonly step: Step;
}

interface Found {
  readonly fault: Fault;
  readonly told: Told | null;
  readonly since: Date;
  readonly channels: ReadonlySet<string>;
}

async function runWave(wave: Wave, context: FaultContext, watch: Watch): Promise<WaveFigures> {
  const begun = new Date();
  const mends: (() => Promise<void>)[] = [];
  const found: Found[] = [];
  try {
    const met = wave.faults.map((fault) => meet(fault, wave, context, watch, mends));
    // A drill that is ended has caused what it was causing before all of it is mended.
    await Promise.allSettled(met);
    found.push(...(await Promise.all(met)));
  } finally {
    for (const mend of mends) await mend();
  }
  const mended = new Date();
  const own = new Set(found.flatMap(({ told }) => (told === null ? [] : [told.alert])));
  await untilQuiet(own, watch);
  const deliveries = await readDeliveries(context.place.kubectl);
  const resolved = toldOf(deliveries, "resolved", mended);
  const faults = found.map(({ fault, told, since, channels }) => {
    const back = resolved.find(({ alert }) => alert === told?.alert);
    return {
      fault: fault.name,
      ...{ alert: told?.alert ?? null, severity: told?.severity ?? null },
      secondsToDelivery: told === null ? null : seconds(since, told.at),
      channels: [...channels].sort(),
      secondsToResolved: back === undefined ? null : seconds(mended, back.at),
      prometheusDied: fault.prometheusDiesAfterMs !== undefined,
    };
  });
  const all = toldOf(deliveries, "firing", begun).map(({ alert }) => alert);
  const also = [...new Set(all)].filter((alert) => !own.has(alert)).sort();
  return { wave: wave.name, faults, also };
}

/** Puts the fault in and waits until somebody is told, or the wave's limit. */
async function meet(
  fault: Fault,
  wave: Wave,
  context: FaultContext,
  { signal, step }: Watch,
  mends: (() => Promise<void>)[],
): Promise<Found> {
  const { place } = context;
  const since = new Date();
  mends.push(await fault.cause(context));
  const killer = killPrometheus(fault, place, signal);
  // Where the drill is ended nobody waits for it any more.
  killer.catch(() => {});
  const limit = since.getTime() + wave.limitMinutes * 60_000;
  let told: Told | undefined;
  while (told === undefined && Date.now() < limit) {
    await sleep(POLL_MS, undefined, { signal });
    const firing = toldOf(await deliveriesOf(place), "firing", since);
    told = firing.find((one) => says(one, fault, place));
  }
  await killer;
  step.status(`${fault.name}: ${told?.alert ?? "nobody was told"}`);
  if (told === undefined) return { fault, told: null, since, channels: new Set() };
  const channelsBy = Date.now() + CHANNELS_WITHIN_MS;
  let channels = new Set<string>();
  while (channels.size < KINDS.length && Date.now() < channelsBy) {
    channels = channelsTold(await deliveriesOf(place), told.alert, since);
    await sleep(POLL_MS, undefined, { signal });
  }
  return { fault, told, since, channels };
}

/** It is one of the fault's alerts and names its model; the two families of metrics name models apart. */
function says({ alert, labels }: Told, fault: Fault, place: Place): boolean {
  if (!fault.alerts.includes(alert)) return false;
  if (fault.model === undefined) return true;
  return (labels["model"] ?? labels["model_name"]) === place.models[fault.model];
}

async function killPrometheus(fault: Fault, place: Place, signal: AbortSignal): Promise<void> {
  const { prometheusDiesAfterMs: after } = fault;
  if (after === undefined) return;
  await sleep(after, undefined, { signal });
  const now = ["--grace-period=0", "--force"];
  await place.kubectl(["-n", "monitoring", "delete", "pod", "prometheus-0", ...now]);
}

/** The API server of a busy machine may miss a question; the next one comes soon. */
async function deliveriesOf(place: Place): Promise<Delivery[]> {
  return readDeliveries(place.kubectl).catch(() => []);
}

/** Until none of these fires, twice in a row, or the limit. */
async function untilQuiet(
  own: ReadonlySet<string>,
  { prometheus, signal, step }: Watch,
): Promise<void> {
  const names = [...own].join("|");
  const limit = Date.now() + CALM_WITHIN_MS;
  let quiet = 0;
  while (Date.now() < limit) {
    const firing = await prometheus
      .now(`ALERTS{alertstate="firing",alertname=~"${names}"}`)
      .catch(() => null);
    quiet = firing?.length === 0 ? quiet + 1 : 0;
    if (quiet === 2) {
      // The end is told within a minute (group_interval).
      await sleep(75_000, undefined, { signal });
      return;
    }
    const still = new Set(firing?.map(({ metric }) => metric["alertname"]));
    step.status(`mended; still firing: ${[...still].join(", ") || "none"}`);
    await sleep(15_000, undefined, { signal });
  }
}

function seconds(from: Date, to: Date): number {
  return Math.round((to.getTime() - from.getTime()) / 1000);
}

/** The waves whose name holds the words, and of the others the faults whose name does; all without words. */
export function wavesNamed(words: string | undefined): readonly Wave[] {
  if (words === undefined) return WAVES;
  const named = ({ name }: { readonly name: string }) => name.includes(words);
  return WAVES.map((wave) =>
    named(wave) ? wave : { ...wave, faults: wave.faults.filter(named) },
  ).filter(({ faults }) => faults.length > 0);
}
