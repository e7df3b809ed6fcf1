/**
 * The gateway's speed with everything on, beside a bare Node proxy and nginx with one worker:
 * the same models, the same load, the same run, rounds interleaved.
 */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createProgress } from "../../base/progress.ts";
import { type Figures, measureGateway } from "../../bench/gateway/measure-gateway.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "bench:gateway",
  summary: "the gateway's speed, beside a bare Node proxy and nginx",
  usage: "[--rounds N] [--seconds N] [--json]",
  examples: ["npm run bench:gateway", "npm run -s bench:gateway -- --rounds 5 --json"],
  options: {
    rounds: { type: "string", value: "N", help: "how often each is measured (default 3)" },
    seconds: { type: "string", value: "N", help: "length of one measurement (default 8)" },
    json: { type: "boolean", help: "print one JSON object" },
  },
  positionals: [0, 0],
  async run({ environment, flags, signal }) {
    const folder = await mkdtemp(path.join(os.tmpdir(), "deepseek-bench-"));
    try {
      const figures = await measureGateway({
        projectDir: environment.projectDir,
        folder,
        rounds: flags.integer("rounds", 3, 1, 20),
        seconds: flags.integer("seconds", 8, 1, 120),
        progress: createProgress(),
        signal,
      });
      process.stdout.write(
        flags.on("json") ? `${JSON.stringify(figures, null, 2)}\n` : table(figures),
      );
      return 0;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

function table(figures: Figures): string {
  const bare = figures.subjects.find((one) => one.name === "bare Node proxy");
  const [base, bareUs] = [bare?.requestsPerSecond, bare?.processorUs];
  const top = figures.subjects.find((one) => one.name === "nginx, 1 worker")?.requestsPerSecond;
  const ratio = (value: number, to: number | undefined) =>
    to === undefined ? "" : `× ${(value / to).toFixed(2)}`;
  const rows = figures.subjects.map((one) => [
    one.name,
    one.requestsPerSecond.toFixed(0),
    ratio(one.requestsPerSecond, base),
    ratio(one.requestsPerSecond, top),
    one.processorUs.toFixed(0),
    ratio(one.processorUs, bareUs),
    `${one.p50Ms.toFixed(1)} / ${one.p99Ms.toFixed(1)}`,
    `${one.firstP50Ms.toFixed(2)} / ${one.firstP99Ms.toFixed(2)}`,
    `${one.addedP50Ms.toFixed(2)} / ${one.addedP99Ms.toFixed(2)}`,
    `${one.longestPauseMs.toFixed(0)}`,
    String(one.stalls),
    `${one.leaveP50Ms.toFixed(1)} / ${one.leaveMaxMs.toFixed(1)}`,
    one.residentMib.toFixed(0),
    String(one.faults),
  ]);
  const head = [
    "subject",
    "req/s",
    "to bare",
    "to nginx",
    "CPU µs",
    "to bare",
    "ms p50/p99",
    "first p50/p99",
    "added p50/p99",
    "pause ms",
    "stalls",
    "leave ms",
    "MiB",
    "faults",
  ];
  const widths = head.map((word, column) =>
    Math.max(word.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ");
  return `${[line(head), ...rows.map(line)].join("\n")}
\nreq/s: whole chat calls at 64 connections, subject on one core. CPU µs: of the processor, for one call. first: time to the first event of a
stream, one at a time; added: the same less the model's own. pause: the longest between two events of
${figures.streamsAtOnce} streams of 20 tokens a second, begun over five seconds, once all run; stalls: pauses over 100 ms. leave: from a client's
leaving to the model's end of work. MiB: resident after all of it; the gateway, before its first call, ${figures.restMib.toFixed(0)}. It was
ready after ${figures.startMs.toFixed(0)} ms; on an empty database, where it makes its tables, after ${figures.firstStartMs.toFixed(0)} ms.
`;
}
