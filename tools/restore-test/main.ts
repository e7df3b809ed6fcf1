/** Tries the restore of the ledger's backups for as long as it runs, and says what came of it. */
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../base/user-error.ts";
import { type Watch, watch } from "../base/watch-server.ts";
import { answersOf } from "./answers.ts";
import { readConfig } from "./config.ts";
import { isGood } from "./record.ts";
import { Tester } from "./tester.ts";

type Level = "info" | "warn" | "error";

/** Due times are hours apart; a renewed certificate is taken over within so much. */
const ROUND_MS = 60_000;

function log(level: Level, message: string, fields: object = {}): void {
  const time = new Date().toISOString();
  process.stdout.write(`${JSON.stringify({ time, level, message, ...fields })}\n`);
}

async function run(): Promise<void> {
  const config = readConfig();
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once("SIGTERM", stop).once("SIGINT", stop);
  const tester = new Tester({ ...config.tester, nowMs: Date.now });
  const server = await watch(config.watch, answersOf(tester, config.tester.everyMs));
  log("info", "tests restores", { from: config.tester.source.where, port: server.port });
  while (!stopping.signal.aborted) {
    if (tester.dueMs <= Date.now()) await testOnce(tester, stopping.signal);
    reload(server);
    await sleep(ROUND_MS, undefined, { signal: stopping.signal }).catch(() => {});
  }
  server.close();
}

async function testOnce(tester: Tester, signal: AbortSignal): Promise<void> {
  try {
    const record = await tester.test(signal);
    const wrong = record.checks.filter(({ expected, found }) => expected !== found);
    log(isGood(record) ? "info" : "error", "a restore was tested", { ...record, checks: wrong });
  } catch (error) {
    if (!signal.aborted) throw error;
    log("warn", "ends in the middle of a test, which is tried again at the next start");
  }
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
