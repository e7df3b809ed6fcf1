/**
 * A model server that answers as vLLM does, without a GPU and without weights. It says so: in
 * the owner of its models, in the header x-simulated, in a metric and in its log.
 */
import { readConfig, type SimulatorConfig } from "./config.ts";
import { startSimulator } from "./server.ts";

function log(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const time = new Date().toISOString();
  process.stdout.write(`${JSON.stringify({ time, message, simulated: true, ...fields })}\n`);
}

function readConfigOrExit(): SimulatorConfig {
  try {
    return readConfig();
  } catch (error) {
    log(error instanceof Error ? error.message : String(error), { level: "error" });
    process.exit(2);
  }
}

const config = readConfigOrExit();
const simulator = await startSimulator(config);
log("a simulated model server listens; no weights are loaded", {
  port: simulator.port,
  models: config.models,
  tls: config.tls !== null,
});

let stopping = false;
async function stop(signal: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  log("draining", { signal, busy: simulator.service.busy });
  const { aborted } = await simulator.drain();
  log("stopped", { aborted });
  process.exit(0);
}
process.on("SIGTERM", () => void stop("SIGTERM"));
process.on("SIGINT", () => void stop("SIGINT"));
