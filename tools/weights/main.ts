/** Prepares the weights of one model before its engine starts, and ends: an init container. */
import { isMainThread } from "node:worker_threads";
import { UserError } from "../base/user-error.ts";
import { readConfig } from "./config.ts";
import { bringInLanes, serveLane } from "./lanes.ts";
import { bringFile, prepareModel } from "./prepare-model.ts";

function log(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const time = new Date().toISOString();
  process.stdout.write(`${JSON.stringify({ time, message, ...fields })}\n`);
}

async function prepare(): Promise<void> {
  const began = performance.now();
  const config = readConfig();
  const prepared = await prepareModel({
    ...config,
    bring: (orders, told) => bringInLanes(new URL(import.meta.url), config.parallel, orders, told),
    told: (line) => log(line),
  });
  const seconds = Math.round((performance.now() - began) / 1_000);
  log("the weights are as their manifest names them", { ...prepared, seconds });
}

if (isMainThread) {
  process.on("SIGTERM", () => process.exit(143));
  try {
    await prepare();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    log(error.message, { level: "error", where: error.where, fix: error.fix });
    process.exit(error.exitCode);
  }
} else {
  const config = readConfig();
  serveLane((order) => bringFile(config, order));
}
