/** The whole measurement: starts models, stores and subjects, runs the rounds, ends them all. */
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runOrThrow } from "../../base/process.ts";
import type { Progress } from "../../base/progress.ts";
import { ensurePackages } from "../../debian/packages.ts";
import {
  GATEWAY_REDIS_COMMANDS,
  startPostgresServer,
  startRedisServer,
} from "../../servers/stores.ts";
import { median } from "../measure.ts";
import { parseStat } from "./processor-shares.ts";
import type { StreamJob, StreamResult } from "./streams.ts";
import {
  type Models,
  OTHER_CORES,
  type Subject,
  startBareProxy,
  startGatewayProcess,
  startModels,
  startNginxProxy,
} from "./subjects.ts";
import { type LoadResult, runWrk } from "./wrk.ts";

export interface Measure {
  readonly projectDir: string;
  readonly folder: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface SubjectFigures {
  readonly name: string;
  readonly requestsPerSecond: number;
  /**
   * Of the processor, for one call: of all figures the one that other programs on the machine
   * disturb least, so the one to compare two versions by.
   */
  readonly processorUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly firstP50Ms: number;
  readonly firstP99Ms: number;
  /** First event through the subject less the first event of the model alone. */
  readonly addedP50Ms: number;
  readonly addedP99Ms: number;
  readonly longestPauseMs: number;
  /** Streams with a pause above STALL_MS. */
  readonly stalls: number;
  readonly leaveP50Ms: number;
  readonly leaveMaxMs: number;
  readonly residentMib: number;
  readonly faults: number;
}

export interface Figures {
  readonly subjects: readonly SubjectFigures[];
  /** To its readiness, where its tables are there and where they are not. */
  readonly startMs: number;
  readonly firstStartMs: number;
  /** Of the gateway that has not been called yet. */
  readonly restMib: number;
  readonly streamsAtOnce: number;
}

const CONNECTIONS = 64;
const WARM_UP_SHARE = 2;
/** The first round is not counted: a path is compiled when it has been gone some hundred times. */
const FIRST_ROUNDS = 6;
const FIRST_STREAMS = 100;
/**
 * As a stack's gateway of 512 MiB has it (components/sizing/quantity.ts): larger young generations are collected
 * for longer at a time, and how much an old one may grow between collections depends on its limit.
 */
const AS_IN_A_STACK = ["--max-old-space-size=360", "--max-semi-space-size=8"];
const STREAMS_AT_ONCE = 500;
const TOKENS_PER_SECOND = 20;
const LEAVING_STREAMS = 40;
const STALL_MS = 100;
/** A hundred new calls a second. */
const SPREAD_MS = 5_000;

export async function measureGateway(measure: Measure): Promise<Figures> {
  const { folder, progress } = measure;
  const ends: (() => Promise<void>)[] = [];
  const at = (name: string) => path.join(folder, name);
  // PostgreSQL runs as nobody and must pass through; what is secret inside has its own mode.
  chmodSync(folder, 0o711);
  try {
    const { root } = await ensurePackages(["nginx", "wrk"], { progress });
    const models = await startModels(at("models"), root);
    ends.push(models.whole.kill, models.streamed.kill);
    const stores = await progress.step("Starting Redis and PostgreSQL", async () => {
      const redis = await startRedisServer(folderOf(at("redis")), GATEWAY_REDIS_COMMANDS);
      ends.push(redis.kill);
      const postgres = await startPostgresServer(folderOf(at("postgres")));
      ends.push(postgres.kill);
      return { redis, postgres };
    });
    const start = () =>
      startGatewayProcess(measure.projectDir, at("gateway"), models, stores, AS_IN_A_STACK);
    const former = await start();
    await former.server.kill();
    const gateway = await start();
    ends.push(gateway.server.kill);
    const restMib = residentMib(gateway.server.pid());
    const bare = await startBareProxy(models);
    ends.push(bare.server.kill);
    const nginx = await startNginxProxy(at("proxy"), root, models);
    ends.push(nginx.server.kill);
    const subjects = [gateway, bare, nginx];
    const loads = await measureLoads(measure, root, subjects);
    const direct = directSubject(models);
    const firsts = await progress.step("First events, one stream at a time", () =>
      measureFirsts([direct, ...subjects]),
    );
    const own = firsts.get(direct.name) ?? [];
    const figures: SubjectFigures[] = [];
    for (const subject of subjects) {
      const measured = {
        loads: loads.get(subject.name) ?? [],
        first: firsts.get(subject.name) ?? [],
        own,
      };
      figures.push(
        await progress.step(`Streams through ${subject.name}`, () =>
          measureStreams(subject, models, measured),
        ),
      );
    }
    const { startMs } = gateway;
    const firstStartMs = former.startMs;
    return { subjects: figures, startMs, firstStartMs, restMib, streamsAtOnce: STREAMS_AT_ONCE };
  } finally {
    for (const end of ends.reverse()) await end().catch(() => {});
  }
}

function folderOf(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return folder;
}

interface MeasuredLoad extends LoadResult {
  readonly processorUs: number;
}

/** Rounds are interleaved, so that a slow minute of the machine meets all subjects. */
async function measureLoads(measure: Measure, root: string, subjects: readonly Subject[]) {
  const loads = new Map<string, MeasuredLoad[]>(subjects.map(({ name }) => [name, []]));
  const body = JSON.stringify({
    model: "bench",
    messages: [{ role: "user", content: "What is a ledger? ".repeat(20) }],
    max_tokens: 140,
  });
  for (let round = 0; round <= measure.rounds; round += 1) {
    for (const subject of subjects) {
      measure.signal.throwIfAborted();
      // Round 0 is not counted: a Node program is still being compiled for some 10,000 calls.
      const roundSeconds = round === 0 ? WARM_UP_SHARE * measure.seconds : measure.seconds;
      const title = round === 0 ? "Warm-up" : `Round ${round} of ${measure.rounds}`;
      const before = processorSeconds(subject.server.pid());
      const result = await measure.progress.step(`${title}: ${subject.name}`, () =>
        runWrk({
          root,
          folder: measure.folder,
          url: subject.wholeUrl,
          headers: subject.headers,
          body,
          connections: CONNECTIONS,
          seconds: roundSeconds,
          prefix: OTHER_CORES,
        }),
      );
      const seconds = processorSeconds(subject.server.pid()) - before;
      const processorUs = (seconds * 1e6) / result.requests;
      if (round > 0) loads.get(subject.name)?.push({ ...result, processorUs });
    }
  }
  return loads;
}

function directSubject(models: Models): Subject {
  const url = `http://127.0.0.1:${models.streamed.port}/v1/chat/completions`;
  return { name: "model", wholeUrl: url, streamUrl: url, headers: {}, server: models.streamed };
}

const job = (subject: Subject, change: Partial<StreamJob>, wish: object): StreamJob => ({
  url: subject.streamUrl,
  headers: subject.headers,
  body: {
    model: "bench-stream",
    messages: [{ role: "user", content: "What is a ledger?" }],
    max_tokens: 1000,
    ...wish,
  },
  streams: FIRST_STREAMS,
  atOnce: 1,
  leaveAfter: 0,
  spreadMs: 0,
  ...change,
});

/** Rounds are interleaved here as well: what is added is the small difference of two times. */
async function measureFirsts(subjects: readonly Subject[]): Promise<Map<string, number[]>> {
  const firsts = new Map<string, number[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < FIRST_ROUNDS; round += 1) {
    for (const subject of subjects) {
      const brief = { "x-bench-tokens": 3, "x-bench-pause-ms": 1 };
      const { firstMs, faults } = await runJob(job(subject, {}, brief));
      if (faults > 0) throw new Error(`${faults} streams through ${subject.name} broke`);
      if (round > 0) firsts.get(subject.name)?.push(...firstMs);
    }
  }
  return firsts;
}

interface Measured {
  readonly loads: readonly MeasuredLoad[];
  /** Times to the first event through the subject, and of the model alone. */
  readonly first: readonly number[];
  readonly own: readonly number[];
}

async function measureStreams(
  subject: Subject,
  models: Models,
  { loads, first, own }: Measured,
): Promise<SubjectFigures> {
  const seconds = 15;
  const paced = { "x-bench-tokens": TOKENS_PER_SECOND * seconds, "x-bench-pause-ms": 50 };
  const many = { streams: STREAMS_AT_ONCE, atOnce: STREAMS_AT_ONCE, spreadMs: SPREAD_MS };
  const crowd = await runJob(job(subject, many, paced));
  const leave = await measureLeaving(subject, models);
  return {
    name: subject.name,
    requestsPerSecond: median(loads.map((load) => load.requestsPerSecond)),
    processorUs: median(loads.map((load) => load.processorUs)),
    p50Ms: median(loads.map((load) => load.p50Ms)),
    p99Ms: median(loads.map((load) => load.p99Ms)),
    firstP50Ms: percentile(first, 50),
    firstP99Ms: percentile(first, 99),
    addedP50Ms: percentile(first, 50) - percentile(own, 50),
    addedP99Ms: percentile(first, 99) - percentile(own, 99),
    longestPauseMs: Math.max(...crowd.longestPauseMs),
    stalls: crowd.longestPauseMs.filter((pause) => pause > STALL_MS).length,
    leaveP50Ms: percentile(leave, 50),
    leaveMaxMs: Math.max(...leave),
    residentMib: residentMib(subject.server.pid()),
    faults: crowd.faults + loads.reduce((sum, load) => sum + load.faults, 0),
  };
}

/** From a client's leaving to the moment when the model's connection closed, one by one. */
async function measureLeaving(subject: Subject, models: Models): Promise<number[]> {
  const stats = async () => {
    const answer = await fetch(`http://127.0.0.1:${models.streamed.port}/stats`);
    return (await answer.json()) as { aborted: number; lastAbortMs: number };
  };
  const wish = { "x-bench-tokens": 2000, "x-bench-pause-ms": 20 };
  const delays: number[] = [];
  for (let index = 0; index < LEAVING_STREAMS; index += 1) {
    const before = (await stats()).aborted;
    const { leftMs } = await runJob(job(subject, { streams: 1, leaveAfter: 3 }, wish));
    const deadline = performance.now() + 5_000;
    let after = await stats();
    while (after.aborted === before && performance.now() < deadline) after = await stats();
    // A stream that never stops counts as the whole wait.
    delays.push(after.aborted === before ? 5_000 : after.lastAbortMs - (leftMs[0] ?? 0));
  }
  return delays;
}

async function runJob(work: StreamJob): Promise<StreamResult> {
  const script = path.join(path.dirname(fileURLToPath(import.meta.url)), "streams.ts");
  const words = [...OTHER_CORES, process.execPath, "--disable-warning=ExperimentalWarning", script];
  const [command = "", ...args] = words;
  const result = await runOrThrow(command, args, { input: JSON.stringify(work) });
  return JSON.parse(result.stdout) as StreamResult;
}

export function percentile(values: readonly number[], rank: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (
    sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * rank) / 100))] ?? Number.NaN
  );
}

/** The process and its children, such as nginx's worker. */
function treeOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  const own = children.split(" ").filter((word) => word !== "");
  return [pid, ...own.map(Number)];
}

function residentMib(pid: number): number {
  const kib = treeOf(pid).map((one) => {
    const status = readFileSync(`/proc/${one}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  });
  return kib.reduce((sum, one) => sum + one, 0) / 1024;
}

/** Used since their start, by all of their threads. */
function processorSeconds(pid: number): number {
  const seconds = treeOf(pid).map(
    (one) => parseStat(readFileSync(`/proc/${one}/stat`, "utf8"))?.seconds ?? 0,
  );
  return seconds.reduce((sum, one) => sum + one, 0);
}
