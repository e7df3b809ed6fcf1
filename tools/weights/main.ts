/**
 * Prepares the weights of one model before its engine starts, and ends: an init container. Or copies them
 * as they lie from another site, and ends: a Job.
 */
import { isMainThread } from "node:worker_threads";
import { UserError } from "../base/user-error.ts";
import { readConfig, type WeightsConfig } from "./config.ts";
import { bringInLanes, serveLane } from "./lanes.ts";
import { mirrorModel } from "./mirror-model.ts";
import { bringFile, prepareModel } from "./prepare-model.ts";

function log(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const time = new Date().toISOString();
  process.stdout.write(`${JSON.stringify({ time, message, ...fields })}\n`);
}

async function prepare(): Promise<void> {
  const began = performance.now();
  const config = readConfig();
  if (config.mirror) return mirror(config, began);
  const prepared = await prepareModel({
    ...config,
    bring: (orders, told) => bringInLanes(new URL(import.meta.url), config.parallel, orders, told),
    told: (line) => log(line),
  });
  const seconds = Math.round((performance.now() - began) / 1_000);
  log("the weights are as their manifest names them", { ...prepared, seconds });
}

async function mirror(config: WeightsConfig, began: number): Promise<void> {
  const { manifest } = config;
  if (manifest === null) {
    const fix = "set WEIGHTS_MANIFEST_SHA256: nothing else says which model is meant";
    throw new UserError("no manifest is pinned", { where: "environment", fix });
  }
  const mirrored = await mirrorModel({ ...config, manifest, told: (line) => log(line) });
  const seconds = Math.round((performance.now() - began) / 1_000);
  log("the copy is as its manifest names it", { ...mirrored, seconds });
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
