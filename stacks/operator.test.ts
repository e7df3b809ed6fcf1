/** A Prometheus of the cluster's own: told whom to scrape and what to judge, let in, and nothing judged twice. */
import { expect, test } from "vitest";
import { parseSettings } from "../config/parse.ts";
import { asTexts, changed, committedValues } from "../config/test-settings.ts";
import { onprem } from "./onprem.ts";
import { imagesOf } from "./site-images.ts";
import { type Loose, named, settingsOf } from "./test-objects.ts";
import { type Program, runProgram } from "./test-program.ts";

/** The bank's stack without what needs a Prometheus of the stack's own. */
const plain = ["grafana", "logs", "traces"].reduce(
  (values, part) => changed(values, `monitoring.${part}`, undefined),
  committedValues("onprem-bank"),
);
const watched = (operator: object) => changed(plain, "monitoring.operator", operator);

function objectsOf(kind: string, { resources }: Program): Loose[] {
  return resources.map(({ inputs }) => inputs as Loose).filter((inputs) => inputs.kind === kind);
}

function alertsOf(program: Program): string[] {
  const [rules] = objectsOf("PrometheusRule", program);
  return rules.spec.groups.flatMap(({ rules: own }: Loose) =>
    own.flatMap(({ alert }: Loose) => (alert === undefined ? [] : [alert])),
  );
}

test("beside ours it scrapes the same, and judges only what ours does not see", async () => {
  const settings = settingsOf(watched({ labels: { release: "bank" } }));
  const program = await runProgram(onprem, settings);
  const monitors = [...objectsOf("ServiceMonitor", program), ...objectsOf("PodMonitor", program)];
  expect(monitors.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
    "PodMonitor model-deepseek-finance-13b",
    "PodMonitor model-deepseek-finance-13b-risk",
    "PodMonitor postgres",
    "ServiceMonitor audit-archive",
    "ServiceMonitor edge",
    "ServiceMonitor gateway",
    "ServiceMonitor redis",
    "ServiceMonitor restore-test",
  ]);
  for (const { spec, metadata } of monitors) {
    expect(metadata.labels.release).toBe("bank");
    const [endpoint] = spec.endpoints ?? spec.podMetricsEndpoints;
    expect(endpoint).toMatchObject({ scheme: "https", tlsConfig: { minVersion: "TLS13" } });
    expect(endpoint.tlsConfig).not.toHaveProperty("insecureSkipVerify");
  }
  const alerts = alertsOf(program);
  expect(alerts).toContain("VolumeNearlyFull");
  const ours = named("ConfigMap", "prometheus-configuration", program).data["rules.yml"];
  expect(ours).toContain("alert: PostgresReplicaLate\n");
  expect(alerts.filter((alert) => ours.includes(`alert: ${alert}\n`))).toEqual([]);
});

test("beside ours it scrapes the relay of alerts, the Collector and its agents, too", async () => {
  const to = { name: "team", kind: "wecom", severities: ["critical"] };
  const channels = [{ ...to, url: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k" }];
  const logs = { url: "https://loki.bank.example/otlp/v1/logs", ranges: ["10.0.0.48/28"] };
  const told = changed(watched({ namespace: "observability" }), "monitoring.logs", logs);
  const settings = settingsOf(
    changed(told, "monitoring.alerts", { channels, ranges: ["203.0.113.0/24"] }),
  );
  const program = await runProgram(onprem, settings);
  const monitors = objectsOf("ServiceMonitor", program);
  for (const [job, namespace, host, port] of [
    ["alert-relay", "monitoring", "alert-relay.monitoring.svc", 9466],
    ["collector", "monitoring", "collector.monitoring.svc", 8888],
    ["log-agent", "deepseek-logs", "log-agent-metrics.deepseek-logs.svc", 8888],
  ] as const) {
    const monitor = monitors.find(({ metadata }) => metadata.name === job);
    expect(monitor?.metadata.namespace).toBe(namespace);
    expect(monitor?.spec.endpoints).toMatchObject([
      { scheme: "https", port: "metrics", tlsConfig: { serverName: host } },
    ]);
    // Exactly one Service has both the label and a port of that name.
    const scraped = objectsOf("Service", program).filter(
      ({ metadata, spec }) =>
        metadata.namespace === namespace &&
        metadata.labels["app.kubernetes.io/name"] === job &&
        spec.ports.some((one: Loose) => one.name === "metrics"),
    );
    expect(scraped.map(({ spec }) => spec.ports[0].port)).toEqual([port]);
    const { ingress } = named("NetworkPolicy", `allow-${job}`, program).spec;
    const theirs = ingress.filter(({ from }: Loose) => JSON.stringify(from).includes("observ"));
    expect(theirs.map(({ ports }: Loose) => ports[0].port)).toEqual([port]);
  }
});

test("its pods are let in to what they scrape, and to nothing else", async () => {
  const program = await runProgram(onprem, settingsOf(watched({ namespace: "observability" })));
  const { ingress } = named("NetworkPolicy", "allow-gateway", program).spec;
  const theirs = ingress.filter(({ from }: Loose) =>
    JSON.stringify(from).includes("observability"),
  );
  expect(theirs).toHaveLength(1);
  expect(theirs[0].ports.map(({ port }: Loose) => port)).toEqual([9464, 9465]);
  const policies = objectsOf("NetworkPolicy", program);
  expect(policies.filter(({ metadata }) => metadata.namespace === "observability")).toEqual([]);
});

test("instead of ours it judges everything, and nothing of ours runs", async () => {
  const url = "https://prometheus.observability.svc:9090";
  const settings = settingsOf(
    changed(watched({ mode: "instead", url }), "monitoring.alerts", undefined),
  );
  const program = await runProgram(onprem, settings);
  for (const gone of ["prometheus", "alertmanager"]) {
    expect(named("StatefulSet", gone, program)).toBeUndefined();
    expect(imagesOf(settings)).not.toContain(gone);
  }
  const alerts = alertsOf(program);
  const some = ["APIHighErrorRate", "RedisAway", "AuditArchiveLate", "NodeDiskNearlyFull"];
  for (const alert of [...some, "PostgresReplicaLate", "BackupOld", "GpuFaultsUnseen"]) {
    expect(alerts).toContain(alert);
  }
  // NVIDIA's own monitor says another job. What is not verified is not believed beyond GPUs.
  const [gpus] = objectsOf("ServiceMonitor", program).filter(
    ({ metadata }) => metadata.name === "gpu",
  );
  expect(gpus?.metadata.namespace).toBe("gpu-operator");
  expect(gpus?.spec.endpoints).toMatchObject([
    { scheme: "http", metricRelabelings: [{ regex: "DCGM_.*", action: "keep" }] },
  ]);
  expect(named("Service", "postgres-metrics", program)).toBeUndefined();
  // The cluster's Alertmanager has a job of another name: its absence would be told for ever.
  expect(alerts).not.toContain("AlertmanagerAway");
});

test("what only a Prometheus of ours could do is refused where there is none", () => {
  const wrong = changed(
    changed(watched({ mode: "instead" }), "monitoring.nodePort", 30_090),
    "monitoring.grafana",
    { deployment: { url: "https://g.bank.example", callerRanges: ["10.0.0.0/8"] } },
  );
  const { faults = [] } = parseSettings(asTexts(wrong)) as { faults?: { path: string }[] };
  expect(faults.map(({ path }) => path).sort()).toEqual([
    "deepseek:monitoring.grafana.deployment",
    "deepseek:monitoring.nodePort",
    "deepseek:monitoring.operator.url",
  ]);
});
