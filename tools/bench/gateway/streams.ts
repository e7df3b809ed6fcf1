/**
 * Streams as a client sees them: `node streams.ts` is a process of its own (pinned away from the
 * subject) that reads one job from standard input and prints one JSON object.
 */
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export interface StreamJob {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly streams: number;
  /** How many run at the same time; the next begins when one ends. */
  readonly atOnce: number;
  /** Leave after this many tokens; 0: never. */
  readonly leaveAfter: number;
  /**
   * The first `atOnce` begin evenly over this time, and pauses count only once all of them run: a
   * crowd that begins in the same instant measures how fast calls are admitted, not how they flow.
   */
  readonly spreadMs: number;
}

export interface StreamResult {
  /** From the request to the first event, of every stream, ms. */
  readonly firstMs: readonly number[];
  /** From the model's sending of a token to its arrival, of every token, ms. */
  readonly delayMs: readonly number[];
  /** The longest pause between two events of one stream, of every stream, ms. */
  readonly longestPauseMs: readonly number[];
  /** When the client closed, of every stream that left, ms since the epoch. */
  readonly leftMs: readonly number[];
  readonly faults: number;
}

interface Tally {
  firstMs: number[];
  delayMs: number[];
  longestPauseMs: number[];
  leftMs: number[];
  faults: number;
}

const now = () => performance.timeOrigin + performance.now();

async function runStreams(job: StreamJob): Promise<StreamResult> {
  const tally: Tally = { firstMs: [], delayMs: [], longestPauseMs: [], leftMs: [], faults: 0 };
  const agent = new http.Agent({ keepAlive: true, maxSockets: job.atOnce });
  let begun = 0;
  const countedFrom = now() + job.spreadMs;
  const worker = async (_: unknown, index: number) => {
    if (job.spreadMs > 0) await sleep((index * job.spreadMs) / job.atOnce);
    while (begun < job.streams) {
      begun += 1;
      await runOne(job, agent, tally, countedFrom).catch(() => {
        tally.faults += 1;
      });
    }
  };
  await Promise.all(Array.from({ length: job.atOnce }, worker));
  agent.destroy();
  return tally;
}

function runOne(
  job: StreamJob,
  agent: http.Agent,
  tally: Tally,
  countedFrom: number,
): Promise<void> {
  const body = JSON.stringify({ ...job.body, stream: true });
  return new Promise((resolve, reject) => {
    const started = now();
    let tokens = 0;
    let last = 0;
    let longest = 0;
    let whole = false;
    const request = http.request(job.url, {
      method: "POST",
      agent,
      headers: { ...job.headers, "content-type": "application/json" },
    });
    const onText = (text: string) => {
      const at = now();
      for (const [, sent] of text.matchAll(/" t([\d.]+)"/g)) {
        if (tokens === 0) tally.firstMs.push(at - started);
        else if (last >= countedFrom) longest = Math.max(longest, at - last);
        tokens += 1;
        last = at;
        tally.delayMs.push(at - Number(sent));
      }
      whole ||= text.includes("[DONE]");
      if (job.leaveAfter > 0 && tokens >= job.leaveAfter) {
        tally.leftMs.push(now());
        request.destroy();
        resolve();
      }
    };
    request.once("response", (response) => {
      response.setEncoding("utf8");
      response.on("data", onText);
      response.once("end", () => {
        tally.longestPauseMs.push(longest);
        if (whole && response.statusCode === 200) resolve();
        else reject(new Error(`status ${response.statusCode}`));
      });
      response.once("error", reject);
    });
    request.once("error", reject);
    request.end(body);
  });
}

if (import.meta.main) {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const job = JSON.parse(Buffer.concat(chunks).toString("utf8")) as StreamJob;
  process.stdout.write(JSON.stringify(await runStreams(job)));
}
