/** Settings for tests: plain HTTP on a free loopback port, fast, without jitter. */
import { parseConfig, type SimulatorConfig } from "./config.ts";

export function testConfig(changes: Partial<SimulatorConfig> = {}): SimulatorConfig {
  const result = parseConfig({ SIM_HOST: "127.0.0.1", SIM_PORT: "0", SIM_TLS: "off" });
  if (!("config" in result)) throw new Error(result.faults.join("; "));
  return {
    ...result.config,
    ttftMs: 2,
    prefillTokensPerSecond: 1_000_000,
    tokensPerSecond: 2_000,
    jitter: 0,
    drainGraceMs: 20,
    // Whoever is asked closes no idle connection before whoever asks, however busy the machine is.
    keepAliveMs: 600_000,
    testControls: true,
    ...changes,
  };
}
