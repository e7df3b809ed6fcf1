/** Tries the restore of the ledger's backups for as long as it runs, and says what came of it. */
import { setTimeout as sleep } from "node:timers/promises";
import { log, runProgram, takeOver } from "../base/program.ts";
import { watch } from "../base/watch-server.ts";
import { answersOf } from "./answers.ts";
import { readConfig } from "./config.ts";
import { isGood } from "./record.ts";
import { Tester } from "./tester.ts";

/** Due times are hours apart; a renewed certificate is taken over within so much. */
const ROUND_MS = 60_000;

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
    takeOver(() => server.reload());
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

await runProgram(run);
