/**
 * Minutes of mixed load on the gateway as it runs in production (its bundle, Redis, PostgreSQL, all
 * records on), with its memory and handles looked at all the while, garbage collected first. What
 * grows faster than its bound after the warm-up is a leak.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { Progress } from "../../base/progress.ts";
import { ensurePackages } from "../../debian/packages.ts";
import {
  GATEWAY_REDIS_COMMANDS,
  startPostgresServer,
  startRedisServer,
} from "../../servers/stores.ts";
import { startGatewayProcess, startModels } from "../gateway/subjects.ts";
import { runMixedLoad, type Tally } from "./mixed-load.ts";
import { robustSlope } from "./trend.ts";

export interface Soak {
  readonly projectDir: string;
  readonly folder: string;
  readonly minutes: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Watched {
  readonly name: string;
  readonly unit: string;
  /** One each SAMPLE_MS, from the beginning. */
  readonly values: readonly number[];
  /** After the warm-up. */
  readonly growthPerMinute: number;
  readonly growthPerMinuteMax: number;
}

export interface SoakFigures {
  readonly watched: readonly Watched[];
  readonly tally: Tally;
  readonly calls: number;
  readonly faults: readonly string[];
}

const CALLERS = 24;
const SAMPLE_MS = 5_000;
/** Compilers, caches and connections settle; what is bounded has filled up. */
const WARM_UP_SHARE = 0.3;
const MIB = 1024 * 1024;

/** What must not grow, and the most that noise was seen to look like. */
const BOUNDS = {
  // 24 callers make some 400 calls a second: 30 bytes kept of each would be this much.
  heapUsed: { name: "heap after collection", unit: "MiB", max: 0.7, scale: MIB },
  // Pages that the allocator keeps come and go in steps of a few MiB.
  rss: { name: "resident", unit: "MiB", max: 2, scale: MIB },
  external: { name: "buffers", unit: "MiB", max: 0.7, scale: MIB },
  handles: { name: "handles and timers", unit: "", max: 2, scale: 1 },
} as const;

type Reading = Readonly<Record<keyof typeof BOUNDS, number>>;

export async function soak(options: Soak): Promise<SoakFigures> {
  const { folder, progress } = options;
  const ends: (() => Promise<void>)[] = [];
  const at = (name: string) => {
    mkdirSync(path.join(folder, name), { recursive: true });
    return path.join(folder, name);
  };
  // PostgreSQL runs as nobody and must pass through; what is secret inside has its own mode.
  chmodSync(folder, 0o711);
  const readings = path.join(folder, "readings");
  const probe = pathToFileURL(path.join(import.meta.dirname, "probe.ts"));
  probe.search = encodeURIComponent(readings);
  try {
    const { root } = await ensurePackages(["nginx"], { progress });
    const models = await startModels(at("models"), root);
    ends.push(models.whole.kill, models.streamed.kill);
    const redis = await startRedisServer(at("redis"), GATEWAY_REDIS_COMMANDS);
    ends.push(redis.kill);
    const postgres = await startPostgresServer(at("postgres"));
    ends.push(postgres.kill);
    const words = ["--disable-warning=ExperimentalWarning", "--expose-gc", "--import", probe.href];
    const stores = { redis, postgres };
    const gateway = await startGatewayProcess(
      options.projectDir,
      at("gateway"),
      models,
      stores,
      words,
    );
    ends.push(gateway.server.kill);
    const sample = () => process.kill(gateway.server.pid(), "SIGUSR2");
    return await underLoad(options, gateway, { sample, readings });
  } finally {
    for (const end of ends.reverse()) await end().catch(() => {});
  }
}

interface Probe {
  readonly sample: () => void;
  readonly readings: string;
}

async function underLoad(
  { minutes, signal, progress }: Soak,
  gateway: { readonly wholeUrl: string; readonly headers: Readonly<Record<string, string>> },
  { sample, readings }: Probe,
): Promise<SoakFigures> {
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const base = new URL(gateway.wholeUrl).origin;
  const models = { whole: "bench", streamed: "bench-stream", narrow: "bench-narrow" };
  const running = runMixedLoad({
    ...{ base, models, headers: gateway.headers, callers: CALLERS },
    signal: stop,
  });
  await progress.step(`${minutes} minutes of mixed load`, async (step) => {
    const end = performance.now() + minutes * 60_000;
    while (performance.now() < end && !signal.aborted) {
      sample();
      await sleep(SAMPLE_MS, undefined, { signal }).catch(() => {});
      const last = read(readings).at(-1);
      if (last !== undefined) step.status(`heap ${(last.heapUsed / MIB).toFixed(1)} MiB`);
    }
  });
  over.abort();
  const tally = await running;
  signal.throwIfAborted();
  const watched = watch(read(readings));
  return { watched, tally, calls: sum(tally), faults: [...faultsOf(watched), ...wrongEnds(tally)] };
}

function read(file: string): Reading[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Reading);
}

function watch(readings: readonly Reading[]): Watched[] {
  const from = Math.ceil(readings.length * WARM_UP_SHARE);
  return (Object.keys(BOUNDS) as (keyof typeof BOUNDS)[]).map((key) => {
    const { name, unit, max, scale } = BOUNDS[key];
    const values = readings.map((reading) => reading[key] / scale);
    const samples = values
      .map((value, index) => ({ minute: (index * SAMPLE_MS) / 60_000, value }))
      .slice(from);
    return { name, unit, values, growthPerMinute: robustSlope(samples), growthPerMinuteMax: max };
  });
}

function faultsOf(watched: readonly Watched[]): string[] {
  return watched
    .filter(({ growthPerMinute, growthPerMinuteMax }) => growthPerMinute > growthPerMinuteMax)
    .map(
      ({ name, growthPerMinute, unit }) =>
        `${name} grows by ${growthPerMinute.toFixed(2)} ${unit} a minute`,
    );
}

/** How each kind of call may end; "over a limit" both ways, for some of them are within. */
const RIGHT_ENDS = new Set([
  "chat: 200",
  "stream: 200",
  "leaves: 200",
  "over a limit: 200",
  "over a limit: 429",
  "bad body: 400",
  "unknown model: 404",
  "wrong key: 401",
  "usage: 200",
  "quota: 200",
]);

function wrongEnds(tally: Tally): string[] {
  return [...tally]
    .filter(([end]) => !RIGHT_ENDS.has(end))
    .map(([end, count]) => `${end} (${count} times)`);
}

function sum(tally: Tally): number {
  return [...tally.values()].reduce((all, count) => all + count, 0);
}
