/**
 * Requests per second of a deployed stack, through its edge, from this machine. Where the stack runs
 * on the same machine, the table says which of its programs the processors worked for.
 */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createProgress } from "../../base/progress.ts";
import { type EdgeFigures, measureEdge } from "../../bench/gateway/measure-edge.ts";
import { revealMap } from "../../engine/values.ts";
import { notDeployed, openSession, STACK_OPTIONS } from "../session.ts";
import type { Verb } from "../verb.ts";

const CONNECTIONS = [64, 256];

export const verb: Verb = {
  name: "bench:edge",
  summary: "requests per second of a deployed stack, through its edge",
  usage: "<stack> [--rounds N] [--seconds N] [--json]",
  examples: [
    "npm run up -- local --yes --config deepseek:quotas.standard.requestsPerMinute=10000000",
    "npm run bench:edge -- local",
  ],
  options: {
    ...STACK_OPTIONS,
    rounds: { type: "string", value: "N", help: "how often each is measured (default 3)" },
    seconds: { type: "string", value: "N", help: "length of one measurement (default 8)" },
    json: { type: "boolean", help: "print one JSON object" },
  },
  positionals: [1, 1],
  async run(call) {
    const session = await openSession(call);
    const outputs = revealMap((await session.backend.readOutputs(session.stack)) ?? {});
    const { url, apiKey, models } = outputs;
    const model = Array.isArray(models) ? models[0] : undefined;
    if (typeof url !== "string" || typeof apiKey !== "string" || typeof model !== "string") {
      throw notDeployed(session);
    }
    const folder = await mkdtemp(path.join(os.tmpdir(), "deepseek-bench-"));
    try {
      const figures = await measureEdge({
        ...{ url, apiKey, model, folder, connections: CONNECTIONS },
        rounds: call.flags.integer("rounds", 3, 1, 20),
        seconds: call.flags.integer("seconds", 8, 1, 120),
        progress: createProgress(),
        signal: call.signal,
      });
      process.stdout.write(
        call.flags.on("json") ? `${JSON.stringify(figures, null, 2)}\n` : table(figures),
      );
      return 0;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

function table(figures: readonly EdgeFigures[]): string {
  const lines = figures.map((one) => {
    const busy = Object.entries(one.processors)
      .sort((a, b) => b[1] - a[1])
      .map(([program, processors]) => `${program} ${processors.toFixed(2)}`)
      .join(", ");
    const latency = `p50 ${one.p50Ms.toFixed(0)} ms, p99 ${one.p99Ms.toFixed(0)} ms`;
    const rate = `${one.requestsPerSecond.toFixed(0)} requests/s`;
    return (
      `${one.connections} connections: ${rate}, ${latency}, ${one.faults} not answered with 2xx in 2 s\n` +
      `  processors of ${os.cpus().length}: ${busy}\n`
    );
  });
  return lines.join("");
}
