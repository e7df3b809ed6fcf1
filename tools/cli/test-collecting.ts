/**
 * For tests: log lines and spans of a deployed stack, from its pods through the agent and the Collector to a
 * simulated store, while both are killed. A part of the one story of local-stack.cluster.test.ts.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPrometheus } from "../drill/place.ts";
import { createAuthority, issueCertificate } from "../pki/authority.ts";
import { startCallers } from "./test-callers.ts";
import { killMainProcess, kubectl, waitUntilRestarted } from "./test-kills.ts";
import { runVerbOrFail } from "./test-stack.ts";
import { hostOf, linesOf, startStubPod } from "./test-stub-pod.ts";
import type { Stack } from "./test-through-edge.ts";

const PORT = 8_443;
const STORE = {
  ...{ name: "store", namespace: "simulated-store" },
  ...{ program: "simulated-store.ts", ports: [PORT] },
};
const HOST = hostOf(STORE);
const ARRIVES = { timeout: 120_000, interval: 2_000 };
const CALLERS = { whole: 3, streamed: 2, socket: 1 };
const VICTIMS = [
  ["monitoring", "app.kubernetes.io/name=collector"],
  ["deepseek-logs", "app.kubernetes.io/name=log-agent"],
] as const;

/** `settings`: `--config` that the stack was deployed with. */
export function collecting(stack: Stack, settings: readonly string[] = []): void {
  beforeAll(async () => {
    const authority = await createAuthority("simulated store", 1);
    const named = { commonName: "store", dnsNames: [HOST], usage: "server", days: 1 } as const;
    const { certificate, key } = await issueCertificate(authority, named);
    const files = { "tls.crt": certificate, "tls.key": key };
    const address = await startStubPod({ ...STORE, files });
    const store = { ranges: [`${address}/32`], authority: authority.certificate };
    const monitoring = {
      logs: { url: `https://${HOST}:${PORT}/v1/logs`, ...store },
      traces: { url: `https://${HOST}:${PORT}/v1/traces`, samplePercent: 100, ...store },
      "collector.storage": "512Mi",
    };
    const more = Object.entries(monitoring).flatMap(([name, value]) => [
      "--config",
      `deepseek:monitoring.${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
    ]);
    await runVerbOrFail(["up", "local", "--yes", ...settings, ...more]);
  });

  afterAll(async () => {
    await runVerbOrFail(["up", "local", "--yes", ...settings]);
    await kubectl("delete", "namespace", STORE.namespace);
  });

  test("of every call the line and the spans arrive, and no hash of what was asked", async () => {
    const acknowledged = await calls(stack, 40);
    for (const signal of ["logs", "traces"] as const) {
      await expect.poll(() => missing(acknowledged, signal), ARRIVES).toBe(0);
    }
    expect((await batches()).filter(({ forbidden }) => forbidden)).toEqual([]);
  });

  test.each(VICTIMS)("kill -9 in %s (%s) loses no line", async (namespace, label) => {
    const callers = startCallers(stack().outputs, stack().dispatcher, CALLERS);
    await expect.poll(() => callers.tally.acknowledged.size, ARRIVES).toBeGreaterThan(20);
    const pod = await killMainProcess(label, namespace);
    await waitUntilRestarted(label, pod, namespace);
    const { acknowledged } = await callers.stop();
    await expect.poll(() => missing(acknowledged, "logs"), ARRIVES).toBe(0);
  });

  test("what was passed on is seen by Prometheus, and nothing was given up", async () => {
    const { prometheusUrl, caCertificate: ca } = stack().outputs;
    const { client, close } = openPrometheus({ prometheusUrl, ca });
    const sum = async (expr: string) => (await client.now(`sum(${expr})`))[0]?.value ?? 0;
    for (const what of ["log_records", "spans"]) {
      const sent = `otelcol_exporter_sent_${what}_total{job="collector"}`;
      await expect.poll(() => sum(sent), ARRIVES).toBeGreaterThan(0);
      expect(await sum(`otelcol_exporter_send_failed_${what}_total`)).toBe(0);
    }
    const pages = await client.now('count by (job, instance) ({job=~"collector|log-agent"})');
    // As they are reckoned with (components/sizing/monitoring.ts).
    expect(pages.length).toBeGreaterThanOrEqual(2);
    expect(pages.filter(({ value }) => value > 60)).toEqual([]);
    await close();
  });
}

async function calls(stack: Stack, least: number): Promise<ReadonlySet<string>> {
  const callers = startCallers(stack().outputs, stack().dispatcher, CALLERS);
  await expect.poll(() => callers.tally.acknowledged.size, ARRIVES).toBeGreaterThan(least);
  return (await callers.stop()).acknowledged;
}

interface Batch {
  readonly path: string;
  readonly forbidden: boolean;
  readonly ids: readonly string[];
}

const batches = () => linesOf<Batch>(STORE);

async function missing(ids: ReadonlySet<string>, signal: "logs" | "traces"): Promise<number> {
  const own = (await batches()).filter((batch) => batch.path === `/v1/${signal}`);
  const there = new Set(own.flatMap((batch) => batch.ids));
  return [...ids].filter((id) => !there.has(id)).length;
}
