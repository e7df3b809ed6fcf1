/**
 * The rendered files before Prometheus' own judge, promtool. The
 * scenarios are series over time and the alerts that must, or must not, come of them.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { run } from "../tools/base/process.ts";
import { ensurePackages } from "../tools/debian/packages.ts";
import { environmentFor } from "../tools/debian/root-folder.ts";
import { createAuthority, issueCertificate } from "../tools/pki/authority.ts";
import { JOBS, OTHER_JOBS } from "./jobs.ts";
import { prometheusConfiguration, prometheusRules, webConfiguration } from "./prometheus-files.ts";
import { remoteWriteFiles } from "./remote-write.ts";

const EVERY_JOB = [...Object.values(JOBS), ...Object.values(OTHER_JOBS)];
let folder: string;
let root: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "rules-test-"));
  ({ root } = await ensurePackages(["prometheus", "prometheus-alertmanager"]));
  const authority = await createAuthority("rules test", 1);
  const pair = await issueCertificate(authority, {
    commonName: "prometheus",
    dnsNames: ["prometheus"],
    usage: "server",
    days: 1,
  });
  await write("ca.crt", authority.certificate);
  await write("tls.crt", pair.certificate);
  await write("tls.key", pair.key);
  await write("rules.yml", prometheusRules(EVERY_JOB));
  await write("bare-rules.yml", withoutProse(prometheusRules(EVERY_JOB)));
});

afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

async function write(name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

async function judge(program: string, ...args: string[]): Promise<string> {
  const env = { ...environmentFor(root) };
  const { code, stdout, stderr } = await run(path.join(root, "usr/bin", program), args, { env });
  expect(`${code}\n${stdout}${stderr}`).toMatch(/^0\n/);
  return stdout;
}

test("prometheus.yml and the rules are valid", async () => {
  const settings = {
    scrapeSeconds: 15,
    site: "primary",
    jobs: [
      { job: "gateway", service: "gateway-metrics.d.svc", port: 9464, serverName: "gateway.d.svc" },
      {
        job: "model-server",
        service: "model-x-metrics.d.svc",
        port: 8000,
        serverName: "model-x.d.svc",
        labels: { model: "x" },
      },
      { job: "gpu", service: "gpus.operator.svc", port: 9400, plain: "DCGM_" },
    ],
    alertmanager: "alertmanager.monitoring.svc:9093",
    self: "prometheus.monitoring.svc",
    tlsFolder: folder,
    rulesFolder: folder,
  };
  const text = prometheusConfiguration(settings);
  const output = await judge("promtool", "check", "config", await write("prometheus.yml", text));
  expect(output).toMatch(/rules found/);
  // promtool wants the files to be there, and certificates to be some.
  const { certificate, key } = await createAuthority("remote write", 1);
  for (const authentication of [
    { kind: "bearer", token: "t" },
    { kind: "basic", user: "u", password: "p" },
    { kind: "certificate", certificate, key },
  ] as const) {
    const to = {
      ...{ name: "r", url: "https://r/", authority: certificate, metrics: ["api:*", "up"] },
      ...{ shardsMax: 2, authentication },
    };
    for (const [name, content] of Object.entries(remoteWriteFiles(to))) await write(name, content);
    const remoteWrite = { to, filesFolder: folder };
    const written = prometheusConfiguration({ ...settings, remoteWrite });
    await judge("promtool", "check", "config", await write("prometheus.yml", written));
  }
  await judge("promtool", "check", "web-config", await write("web.yml", webConfiguration(folder)));
});

interface Scenario {
  readonly name: string;
  /** Series → values, in promtool's own notation, one per minute. */
  readonly series: Readonly<Record<string, string>>;
  readonly at: string;
  /** Alerts that fire then, beside Watchdog; each with the labels it must carry. */
  readonly fires: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>;
}

const up = {
  'up{job="gateway", instance="g"}': "1x60",
  'up{job="model-server", instance="m"}': "1x60",
  'up{job="alertmanager", instance="a"}': "1x60",
  'up{job="edge", instance="e"}': "1x60",
  'redis_up{job="redis", instance="r"}': "1x60",
  'pg_up{job="postgres", instance="p"}': "1x60",
};
const calls = (status: string, model = "m1") =>
  `api_requests_total{endpoint="/v1/chat/completions", model="${model}", status="${status}", code="200", user="u"}`;
const quiet = {
  ...{ APIHighErrorRate: [], ModelErrorRateOver2pct: [], GatewayAway: [], TargetDown: [] },
  ...{ EdgeAway: [], RedisAway: [], PostgresAway: [] },
};

const SCENARIOS: readonly Scenario[] = [
  {
    name: "all is well",
    series: { ...up, [calls("success")]: "0+60x60" },
    at: "30m",
    fires: { ...quiet, ModelServersAway: [], NoTraffic: [], Watchdog: [{ severity: "info" }] },
  },
  {
    name: "6 % fail: critical after five minutes, with no error before",
    series: { ...up, [calls("success")]: "0+94x60", [calls("error")]: "0+6x60" },
    at: "15m",
    fires: {
      APIHighErrorRate: [{ severity: "critical" }],
      ModelErrorRateOver2pct: [{ severity: "error", model: "m1" }],
    },
  },
  {
    name: "3 % fail: an error, not critical; exactly 2 % is neither",
    series: { ...up, [calls("success")]: "0+97x60", [calls("error")]: "0+3x60" },
    at: "15m",
    fires: { APIHighErrorRate: [], ModelErrorRateOver2pct: [{ severity: "error", model: "m1" }] },
  },
  {
    name: "exactly 5 % fail: not above",
    series: { ...up, [calls("success")]: "0+95x60", [calls("error")]: "0+5x60" },
    at: "15m",
    fires: { APIHighErrorRate: [] },
  },
  {
    name: "callers' own mistakes are no errors of the service",
    series: { ...up, [calls("client_error")]: "0+60x60", [calls("success")]: "0+60x60" },
    at: "20m",
    fires: quiet,
  },
  {
    name: "one model fails wholly beside a busy healthy one",
    series: {
      ...up,
      [calls("success", "big")]: "0+9900x60",
      [calls("error", "small")]: "0+100x60",
    },
    at: "15m",
    fires: {
      APIHighErrorRate: [],
      ModelErrorRateOver2pct: [{ severity: "error", model: "small" }],
    },
  },
  {
    name: "a restarted counter is no burst of errors",
    series: { ...up, [calls("success")]: "0+600x20 0+600x20", [calls("error")]: "0+6x20 0+6x20" },
    at: "22m",
    fires: quiet,
  },
  {
    name: "every gateway is gone, its series too",
    series: { ...up, 'up{job="gateway", instance="g"}': "1x10 _x50" },
    at: "30m",
    fires: { GatewayAway: [{ severity: "critical" }], ModelServersAway: [] },
  },
  {
    name: "one of two gateways does not answer",
    series: { ...up, 'up{job="gateway", instance="h"}': "1x10 0x50" },
    at: "30m",
    fires: {
      GatewayAway: [],
      TargetDown: [{ severity: "error", job: "gateway", instance: "h" }],
    },
  },
  {
    name: "the stores are gone: one stopped, one with its exporter; the edge for a scrape only",
    series: {
      ...up,
      'up{job="edge", instance="e"}': "1x29 0 1x30",
      'redis_up{job="redis", instance="r"}': "1x20 0x40",
      'pg_up{job="postgres", instance="p"}': "1x20 stale",
    },
    at: "30m",
    fires: {
      EdgeAway: [],
      RedisAway: [{ severity: "critical" }],
      PostgresAway: [{ severity: "critical" }],
    },
  },
  {
    name: "no edge answers, though one of two did before",
    series: {
      ...up,
      'up{job="edge", instance="e"}': "1x10 0x50",
      'up{job="edge", instance="f"}': "1x20 stale",
    },
    at: "30m",
    fires: {
      EdgeAway: [{ severity: "critical" }],
      TargetDown: [{ severity: "error", job: "edge", instance: "e" }],
    },
  },
  {
    name: "the stores fill up, each to just above and just below its mark",
    series: {
      ...up,
      redis_memory_used_bytes: "91x60",
      redis_memory_max_bytes: "100x60",
      'pg_stat_activity_count{state="active"}': "40x60",
      'pg_stat_activity_count{state="idle"}': "40x60",
      pg_settings_max_connections: "100x60",
    },
    at: "30m",
    fires: {
      RedisMemoryNearlyFull: [{ severity: "warning" }],
      PostgresConnectionsNearlyUsedUp: [],
    },
  },
  {
    name: "connections are nearly used up; a Redis without a bound is never nearly full",
    series: {
      ...up,
      redis_memory_used_bytes: "91x60",
      redis_memory_max_bytes: "0x60",
      'pg_stat_activity_count{state="active"}': "41x60",
      'pg_stat_activity_count{state="idle"}': "40x60",
      pg_settings_max_connections: "100x60",
    },
    at: "30m",
    fires: {
      RedisMemoryNearlyFull: [],
      PostgresConnectionsNearlyUsedUp: [{ severity: "warning" }],
    },
  },
  {
    name: "first tokens come late",
    series: {
      ...up,
      [calls("success")]: "0+60x60",
      'api_time_to_first_token_seconds_bucket{model="m1", le="1"}': "0+10x60",
      'api_time_to_first_token_seconds_bucket{model="m1", le="5"}': "0+60x60",
      'api_time_to_first_token_seconds_bucket{model="m1", le="+Inf"}': "0+60x60",
    },
    at: "15m",
    fires: { FirstTokenSlow: [{ severity: "error", model: "m1" }] },
  },
  {
    name: "rows of the ledger are lost, and requests queue",
    series: {
      ...up,
      'gateway_ledger_lost_total{instance="g"}': "0x10 5x50",
      'vllm:num_requests_waiting{model_name="m1"}': "9x60",
    },
    at: "15m",
    fires: {
      LedgerRowsLost: [{ severity: "critical", instance: "g" }],
      ModelQueueGrows: [{ severity: "warning", model_name: "m1" }],
    },
  },
];

describe("alerts", () => {
  test.each(SCENARIOS)("when $name", async ({ series, at, fires }) => {
    const scenario = {
      rule_files: [path.join(folder, "bare-rules.yml")],
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          alert_rule_test: Object.entries(fires).map(([alertname, alerts]) => ({
            eval_time: at,
            alertname,
            exp_alerts: alerts.map((labels) => ({ exp_labels: labels })),
          })),
        },
      ],
    };
    const file = await write("scenario.yml", stringify(scenario));
    await judge("promtool", "test", "rules", file);
  });
});

test("older names say the same in their own units", async () => {
  const labels = 'endpoint="/v1/chat", model="m1", status="success"';
  const sample = (name: string, value: number) => ({ labels: name, value });
  const scenario = {
    rule_files: [path.join(folder, "bare-rules.yml")],
    tests: [
      {
        interval: "1m",
        input_series: [
          { series: `api_request_duration_seconds_bucket{${labels}, le="0.2"}`, values: "7x5" },
          { series: `api_request_duration_seconds_bucket{${labels}, le="+Inf"}`, values: "9x5" },
          { series: `api_request_duration_seconds_sum{${labels}}`, values: "1.5x5" },
          { series: 'api_token_usage_total{model="m1", token_type="prompt"}', values: "42x5" },
        ],
        promql_expr_test: [
          {
            expr: "api_request_duration_ms_bucket",
            eval_time: "3m",
            exp_samples: [
              sample(`api_request_duration_ms_bucket{${labels}, le="200"}`, 7),
              sample(`api_request_duration_ms_bucket{${labels}, le="+Inf"}`, 9),
            ],
          },
          {
            expr: "api_request_duration_ms_sum",
            eval_time: "3m",
            exp_samples: [sample(`api_request_duration_ms_sum{${labels}}`, 1_500)],
          },
          {
            expr: 'api_tokens_processed_total{type="prompt"}',
            eval_time: "3m",
            exp_samples: [
              sample(
                'api_tokens_processed_total{model="m1", token_type="prompt", type="prompt"}',
                42,
              ),
            ],
          },
        ],
      },
    ],
  };
  await judge("promtool", "test", "rules", await write("aliases.yml", stringify(scenario)));
});

/** promtool compares whole texts; the prose of annotations and their owner are not what these scenarios are about. */
function withoutProse(rules: string): string {
  const document = parse(rules) as { groups: { rules: Record<string, unknown>[] }[] };
  for (const rule of document.groups.flatMap((group) => group.rules)) {
    delete rule["annotations"];
    const labels = rule["labels"] as { severity: string } | undefined;
    if (labels !== undefined) rule["labels"] = { severity: labels.severity };
  }
  return stringify(document, { lineWidth: 0 });
}
