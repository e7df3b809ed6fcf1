/**
 * Copies sealed segments of a gateway's audit trail to where nobody can delete them, for as long as
 * it runs. Told to stop it makes a last round: as a sidecar it is told after the gateway has ended.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../base/user-error.ts";
import { type Watch, watch } from "../base/watch-server.ts";
import { Archiver } from "./archiver.ts";
import { readConfig } from "./config.ts";
import { limits } from "./limits.ts";
import { Shipped } from "./shipped.ts";
import { answersOf } from "./watch-server.ts";

type Level = "info" | "warn" | "error";

function log(level: Level, message: string, fields: object = {}): void {
  const time = new Date().toISOString();
  process.stdout.write(`${JSON.stringify({ time, level, message, ...fields })}\n`);
}

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
    reload(server);
    await sleep(limits.roundMs, undefined, { signal: stopping.signal }).catch(() => {});
  }
  await archiver.round(deadline.signal);
  const pending = archiver.standing?.pending ?? 0;
  log(pending === 0 ? "info" : "warn", "ends", { pending });
  server.close();
}

/** With half a renewed pair the former one is served on. */
function reload(server: Watch): void {
  try {
    server.reload();
  } catch (error) {
    log("warn", `the certificate cannot be taken over: ${String(error)}`);
  }
}

try {
  await run();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  log("error", error.message, { where: error.where, fix: error.fix });
  process.exit(error.exitCode);
}
