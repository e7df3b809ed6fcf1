/** Dashboards of a stack whose site has a Grafana, and of one whose site has none. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { parseSettings } from "../config/parse.ts";
import type { Settings } from "../config/schema.ts";
import { asTexts, committedValues, completeValues, type Values } from "../config/test-settings.ts";
import { createMetrics } from "../gateway-image/src/telemetry/metrics.ts";
import type { Component } from "../observability/catalogue/metric.ts";
import {
  boardsOf,
  expressionsOf,
  metricsIn,
  missing,
} from "../observability/dashboards/boards-of-stack.ts";
import { BOARDS } from "../observability/dashboards/dashboards.ts";
import type { Board, Panel } from "../observability/dashboards/panel.ts";
import { SimulatedGpus } from "../tools/simulator/gpus.ts";
import { LoadMeter } from "../tools/simulator/load-meter.ts";
import { ModelMetrics, renderMetrics } from "../tools/simulator/metrics.ts";
import { shownOf } from "./dashboard-arguments.ts";
import { local } from "./local.ts";
import { type Loose, named, settingsOf } from "./test-objects.ts";
import { type Program, runProgram } from "./test-program.ts";

let values: Values;
beforeAll(async () => {
  values = await completeValues();
});

function withGrafana(grafana: object): Promise<Program> {
  return runProgram(
    local,
    settingsOf({
      ...values,
      "deepseek:monitoring": { grafana, alerts: { dashboards: "https://grafana.bank.internal" } },
    }),
  );
}

function panelsOf(boards: readonly Board[]): Panel[] {
  return boards.flatMap(({ rows }) => rows.flatMap(({ panels }) => panels));
}

function dashboardsOf({ resources }: Program): Loose[] {
  return resources
    .filter(({ type }) => type === "kubernetes:core/v1:ConfigMap")
    .map(({ inputs }) => inputs as Loose)
    .filter(({ metadata }) => String(metadata.name).startsWith("dashboard-"));
}

test("with a Grafana there is a ConfigMap for each dashboard and language, and alerts link to it", async () => {
  const program = await withGrafana({
    languages: ["zh", "en"],
    labels: { "bank.internal/dashboards": "deepseek" },
  });
  const found = dashboardsOf(program);
  expect(found).toHaveLength(18);
  for (const { metadata, data } of found) {
    expect(metadata).toMatchObject({
      namespace: "monitoring",
      labels: { "bank.internal/dashboards": "deepseek" },
    });
    const [content = ""] = Object.values(data as Record<string, string>);
    expect(`dashboard-${JSON.parse(content).uid}`).toBe(metadata.name);
  }
  const titles = found.map(({ data }) => JSON.parse(String(Object.values(data)[0])).title);
  expect(titles[0]).toBe("值班总览");
  const rules = named("ConfigMap", "prometheus-configuration", program).data["rules.yml"];
  expect(rules).toContain("https://grafana.bank.internal/d/overview");
});

test("without one there is none, and alerts name the path alone", async () => {
  const program = await runProgram(local, settingsOf(values));
  expect(dashboardsOf(program)).toEqual([]);
  expect(named("ConfigMap", "prometheus-configuration", program).data["rules.yml"]).toContain(
    "dashboard: /d/overview",
  );
});

test("a language that is named twice is refused", () => {
  const wrong = { ...values, "deepseek:monitoring": { grafana: { languages: ["en", "en"] } } };
  const { faults } = parseSettings(asTexts(wrong)) as { faults: readonly object[] };
  expect(faults).toMatchObject([
    { path: "deepseek:monitoring.grafana.languages", right: "en, zh, or both, each once" },
  ]);
});

/** Panels that a stack does not get, and what it has not got for them. */
function leftOut(shown: ReturnType<typeof shownOf>): string[] {
  return BOARDS.flatMap(({ name, rows }) =>
    rows.flatMap(({ panels }) =>
      panels.flatMap((panel) => {
        const why = missing(panel, shown);
        return why === null ? [] : [`${name}: ${panel.title.en} (${why})`];
      }),
    ),
  );
}

test("the local stack gets every panel but those about what it does not have", () => {
  expect(leftOut(shownOf(settingsOf(values)))).toEqual([
    "overview: Notifications that channels took, in an hour (alert-relay)",
    "overview: Notifications that they did not take, in an hour (alert-relay)",
    "overview: Notifications that wait (alert-relay)",
    "overview: Time until a channel took it, p95 (alert-relay)",
    "overview: Records that were passed on (collector)",
    "overview: How full queues are (collector)",
    "overview: Records that were given up, in an hour (collector)",
    "overview: Records that were not taken, in an hour (collector)",
    "edge: Addresses that answered as they should (blackbox)",
    "edge: How long they took (blackbox)",
    "edge: Time until their certificate ends (blackbox)",
    "stores: How long ago replicas were heard of (redisReplicas)",
    "compliance: Webhooks (webhooks)",
    "recovery: Age of the last backup (cloudnative-pg)",
    "recovery: Furthest replica behind (cloudnative-pg)",
    "recovery: Age of the last archived log (cloudnative-pg)",
    "recovery: Least room on a volume (kubelet)",
    "recovery: Age of the last backup that can be restored (cloudnative-pg)",
    "recovery: Time since a backup failed (cloudnative-pg)",
    "recovery: Logs that could not be archived, in an hour (cloudnative-pg)",
    "recovery: Time since a restore was tested well (restore-test)",
    "recovery: What a restore took, and what it lacked (restore-test)",
    "recovery: Time since scheduled work succeeded (kube-state-metrics)",
    "recovery: PostgreSQL replicas behind their primary (cloudnative-pg)",
    "recovery: Redis replicas that hear their primary (redisReplicas)",
    "recovery: Room on volumes (kubelet)",
  ]);
});

test("documents say how many panels there are, and how many of them the local stack gets", () => {
  const asking = panelsOf(BOARDS).filter((panel) => expressionsOf(panel).length > 0);
  const given = panelsOf(boardsOf(shownOf(settingsOf(values)))).filter((panel) =>
    asking.includes(panel),
  );
  const calm = given.filter(({ whenWell }) => whenWell !== undefined).length;
  const said = (file: string) =>
    readFileSync(path.join(import.meta.dirname, "../docs", file), "utf8").replace(/\s+/g, " ");
  expect(said("dashboards.md")).toContain(
    `Of the ${asking.length} panels with a query it gets ${given.length};`,
  );
  const alerts = said("alerts.md");
  expect(alerts).toContain(
    `Of ${asking.length} panels the local stack's dashboards have ${given.length};`,
  );
  expect(alerts).toContain(`${given.length - calm} must; ${calm} count trouble or fullness`);
});

test("without simulated GPUs there is none to be shown, and no rule about one", async () => {
  const models = [{ name: "m", contextTokensMax: 4096, server: { engine: "simulator", gpus: 0 } }];
  const without = settingsOf({ ...values, "deepseek:models": models });
  expect(leftOut(shownOf(without)).filter((line) => line.endsWith("(gpu)")).length).toBeGreaterThan(
    15,
  );
  const rulesOf = async (settings: Settings) =>
    named("ConfigMap", "prometheus-configuration", await runProgram(local, settings)).data;
  const own = await rulesOf(settingsOf(values));
  expect(own["rules.yml"]).toContain("GpuHot");
  expect(own["prometheus.yml"]).toMatch(
    /job_name: gpu\/\S+\n +scheme: https\n +metrics_path: \/gpu-metrics/,
  );
  const none = await rulesOf(without);
  expect(none["rules.yml"]).not.toContain("GpuHot");
  expect(none["prometheus.yml"]).not.toContain("gpu");
});

test("what the cluster's own Prometheus scrapes is shown, and replicas where Redis has some", () => {
  const operator = { jobs: ["kubelet", "kube-state-metrics", "blackbox"] };
  const redis = { replicas: 3 };
  const more = { ...values, "deepseek:monitoring": { operator }, "deepseek:redis": redis };
  const left = leftOut(shownOf(settingsOf(more)));
  expect(
    left.filter((line) => !/\((cloudnative-pg|restore-test|alert-relay|collector)\)$/.test(line)),
  ).toEqual(["compliance: Webhooks (webhooks)"]);
  const url = "https://prometheus.example";
  const instead = { ...more, "deepseek:monitoring": { operator: { mode: "instead", url } } };
  // Alerts are told by whichever Prometheus judges them.
  expect(leftOut(shownOf(settingsOf(instead)))).not.toContain("overview: Alerts (prometheus)");
});

test("GPUs of NVIDIA's operator are shown where ours scrapes them, or a Grafana may know who does", () => {
  const bank = committedValues("onprem-bank");
  const gpus = (of: object) => {
    const { jobs } = shownOf({ ...settingsOf({ ...values, ...bank, ...of }) });
    return jobs.includes("gpu");
  };
  const alone = { "deepseek:gpuRuntime": { mode: "operator" } };
  expect(gpus({})).toBe(true);
  expect(gpus(alone)).toBe(false);
  expect(gpus({ ...alone, "deepseek:monitoring": { grafana: {} } })).toBe(true);
});

test("alerts through the relay are shown where there is one", () => {
  const to = { name: "team", kind: "wecom", severities: ["critical"] };
  const channels = [{ ...to, url: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k" }];
  const alerts = { channels, ranges: ["203.0.113.0/24"] };
  const told = settingsOf({ ...values, "deepseek:monitoring": { alerts } });
  expect(leftOut(shownOf(told)).filter((line) => line.endsWith("(alert-relay)"))).toEqual([]);
});

test("what the local stack's panels ask of gateway, model servers and GPUs, these programs expose", () => {
  const asked = boardsOf(shownOf(settingsOf(values)))
    .flatMap(({ rows }) => rows.flatMap(({ panels }) => panels))
    .flatMap(expressionsOf)
    .flatMap(metricsIn);
  const gpus = { sequencesMax: 1, cacheUsage: () => 0, tokens: () => 0 };
  const exposed: Partial<Record<Component, string>> = {
    gateway: createMetrics("1")
      .registry.getMetricsAsArray()
      .map(({ name }) => `# TYPE ${name} \n`)
      .join(""),
    vllm: renderMetrics([new ModelMetrics("m", 4096, 1)]),
    "dcgm-exporter": new SimulatedGpus(1, new LoadMeter(), gpus).render(),
  };
  const judged = new Set(asked.map(({ component }) => component));
  for (const component of Object.keys(exposed)) expect(judged).toContain(component);
  // The exporters of stores and edge, and what they expose, stand before real servers in a test of their own.
  const missed = asked.filter(
    ({ component, name }) => exposed[component]?.includes(`# TYPE ${name} `) === false,
  );
  expect(missed.map(({ name }) => name)).toEqual([]);
});
