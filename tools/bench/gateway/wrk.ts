/** Runs wrk, the load generator, and reads its figures. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { run } from "../../base/process.ts";
import { environmentFor } from "../../debian/root-folder.ts";

export interface Load {
  readonly root: string;
  readonly folder: string;
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
  /** Command words before wrk, such as taskset's. */
  readonly prefix: readonly string[];
}

/** For wrk to begin and to wait for the last answers. */
const SPARE_SECONDS = 30;

export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx, and connections that broke. */
  readonly faults: number;
}

export async function runWrk(load: Load): Promise<LoadResult> {
  const script = path.join(load.folder, "request.lua");
  writeFileSync(script, luaScript(load), { mode: 0o600 });
  const program = path.join(load.root, "usr/bin/wrk");
  const words = [
    ...load.prefix,
    program,
    "-t1",
    `-c${load.connections}`,
    `-d${load.seconds}s`,
    "-s",
    script,
    load.url,
  ];
  const [command = program, ...args] = words;
  const environment = environmentFor(load.root);
  const result = await run(command, args, {
    env: { ...environment },
    signal: AbortSignal.timeout((load.seconds + SPARE_SECONDS) * 1000),
  });
  if (result.code !== 0) throw new Error(`wrk ended with ${result.code}: ${result.stderr}`);
  return readResult(result.stdout);
}

/** The script reports in one line of its own, so that no unit has to be read from prose. */
function luaScript(load: Load): string {
  const headers = Object.entries({ "content-type": "application/json", ...load.headers })
    .map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`)
    .join("\n");
  return `wrk.method = "POST"
wrk.body = ${JSON.stringify(load.body)}
${headers}
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}

export function readResult(output: string): LoadResult {
  const found = /^RESULT (\d+) (\d+) (\d+) (\d+) (\d+)$/m.exec(output);
  if (found === null) throw new Error(`wrk printed no result:\n${output}`);
  const [requests = 0, durationUs = 1, p50Us = 0, p99Us = 0, faults = 0] = found
    .slice(1)
    .map(Number);
  return {
    requests,
    requestsPerSecond: requests / (durationUs / 1e6),
    p50Ms: p50Us / 1000,
    p99Ms: p99Us / 1000,
    faults,
  };
}
