/**
 * Copies sealed segments of a gateway's audit trail to where nobody can delete them, for as long as
 * it runs. Told to stop it makes a last round: as a sidecar it is told after the gateway has ended.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { log, runProgram, takeOver } from "../base/program.ts";
import { watch } from "../base/watch-server.ts";
import { Archiver } from "./archiver.ts";
import { readConfig } from "./config.ts";
import { limits } from "./limits.ts";
import { Shipped } from "./shipped.ts";
import { answersOf } from "./watch-server.ts";

async function run(): Promise<void> {
  const { folder, state, target, lateMs, watch: watched } = readConfig();
  const stopping = new AbortController();
  const deadline = new AbortController();
  const stop = () => {
    stopping.abort();
    setTimeout(() => deadline.abort(), limits.lastRoundMs).unref();
  };
  process.once("SIGTERM", stop).once("SIGINT", stop);
  const shipped = new Shipped(state, (file) =>
    log("warn", "cannot be read: its segments are shipped once more", { where: file }),
  );
  const archiver = new Archiver({ folder, target, shipped, lateMs, nowMs: Date.now, log });
  const server = await watch(watched, answersOf(archiver));
  log("info", "archives the audit trail", { folder, target: target.where, port: server.port });
  while (!stopping.signal.aborted) {
    await archiver.round(deadline.signal);
    takeOver(() => server.reload());
    await sleep(limits.roundMs, undefined, { signal: stopping.signal }).catch(() => {});
  }
  await archiver.round(deadline.signal);
  const pending = archiver.standing?.pending ?? 0;
  log(pending === 0 ? "info" : "warn", "ends", { pending });
  server.close();
}

await runProgram(run);
