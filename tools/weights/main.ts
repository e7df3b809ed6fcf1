/** Prepares the weights of one model before its engine starts, and ends: an init container. */
import { UserError } from "../base/user-error.ts";
import { readConfig } from "./config.ts";
import { prepareModel } from "./prepare-model.ts";

function log(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const time = new Date().toISOString();
  process.stdout.write(`${JSON.stringify({ time, message, ...fields })}\n`);
}

process.on("SIGTERM", () => process.exit(143));

try {
  const began = performance.now();
  const prepared = await prepareModel({ ...readConfig(), told: (line) => log(line) });
  const seconds = Math.round((performance.now() - began) / 1_000);
  log("the weights are as their manifest names them", { ...prepared, seconds });
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  log(error.message, { level: "error", where: error.where, fix: error.fix });
  process.exit(error.exitCode);
}
