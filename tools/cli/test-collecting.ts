/**
 * For tests: log lines and spans of a deployed stack, from its pods through the agent and the Collector to a
 * simulated store, while both are killed. A part of the one story of local-stack.cluster.test.ts.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPrometheus } from "../drill/place.ts";
import { createAuthority, issueCertificate, type KeyPairPem } from "../pki/authority.ts";
import { startCallers } from "./test-callers.ts";
import { killMainProcess, kubectl, waitUntilRestarted } from "./test-kills.ts";
import { runVerbOrFail } from "./test-stack.ts";
import type { Stack } from "./test-through-edge.ts";

const NAMESPACE = "simulated-store";
const PORT = 8_443;
const HOST = `store.${NAMESPACE}.svc`;
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
    const address = await makeStore(await issueCertificate(authority, named));
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
    await kubectl("delete", "namespace", NAMESPACE);
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

async function batches(): Promise<Batch[]> {
  const { stdout } = await kubectl("logs", "-n", NAMESPACE, "store");
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Batch]));
}

async function missing(ids: ReadonlySet<string>, signal: "logs" | "traces"): Promise<number> {
  const own = (await batches()).filter((batch) => batch.path === `/v1/${signal}`);
  const there = new Set(own.flatMap((batch) => batch.ids));
  return [...ids].filter((id) => !there.has(id)).length;
}

/** Resolves with its address. */
async function makeStore({ certificate, key }: KeyPairPem): Promise<string> {
  const program = await readFile(
    path.join(import.meta.dirname, "fixtures/simulated-store.ts"),
    "utf8",
  );
  const { stdout: image } = await kubectl(
    ...["get", "deployment", "-n", "deepseek", "-l", "app.kubernetes.io/name=model-server"],
    ...["-o", "jsonpath={.items[0].spec.template.spec.containers[0].image}"],
  );
  const metadata = { name: "store", namespace: NAMESPACE, labels: { app: "store" } };
  const stringData = { "tls.crt": certificate, "tls.key": key, "store.ts": program };
  const selector = { app: "store" };
  const items = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    { apiVersion: "v1", kind: "Secret", metadata, stringData },
    { apiVersion: "v1", kind: "Service", metadata, spec: { selector, ports: [{ port: PORT }] } },
    { apiVersion: "v1", kind: "Pod", metadata, spec: podSpec(image.trim()) },
  ];
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await runVerbOrFail(["kubectl", "apply", "-f", "-"], { input: list });
  const pod = ["-n", NAMESPACE, "pod/store"];
  await kubectl("wait", ...pod, "--for=condition=Ready", "--timeout=90s");
  return (await kubectl("get", ...pod, "-o", "jsonpath={.status.podIP}")).stdout.trim();
}

function podSpec(image: string): object {
  return {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, runAsUser: 10_001, fsGroup: 10_001 },
    containers: [
      {
        ...{ name: "store", image, imagePullPolicy: "IfNotPresent" },
        command: ["node", "/store/store.ts", "/store", String(PORT)],
        readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
        volumeMounts: [{ name: "store", mountPath: "/store", readOnly: true }],
      },
    ],
    volumes: [{ name: "store", secret: { secretName: "store", defaultMode: 0o440 } }],
  };
}
