/** The catalogue is what programs expose, and nothing of ours speaks of anything else. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { GPU_COUNTER_NAMES } from "../components/serving/gpu-counters.ts";
import { type Scaling, triggersOf } from "../components/serving/scaling.ts";
import { createMetrics } from "../gateway-image/src/telemetry/metrics.ts";
import { verdictOf } from "../tools/gpu-check/test-recordings.ts";
import { renderTextfile } from "../tools/gpu-check/textfile.ts";
import { ModelMetrics, renderMetrics } from "../tools/simulator/metrics.ts";
import { GATEWAY_METRICS } from "./catalogue/gateway.ts";
import { GPU_METRICS } from "./catalogue/gpu.ts";
import { MODEL_SERVER_METRICS, SIMULATOR_METRICS } from "./catalogue/model-servers.ts";
import { SIDECAR_METRICS } from "./catalogue/sidecars.ts";
import { METRIC_CATALOGUE } from "./metric-catalogue.ts";
import { metricsReference } from "./metrics-reference.ts";
import { RULE_GROUPS } from "./rules.ts";
import { expositionFaults, seriesFaults, strangers } from "./test-exposition.ts";
import { judgePromql, withRecorded } from "./test-promql.ts";

const known = withRecorded(METRIC_CATALOGUE, RULE_GROUPS);
const rules = RULE_GROUPS.flatMap((group) => group.rules);

const RECORDED = ["0.25.1", "0.32.0"];

describe("the catalogue", () => {
  test("names each metric once, with a unit and a meaning", () => {
    const names = METRIC_CATALOGUE.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, unit, meaning } of METRIC_CATALOGUE) {
      expect(name).toMatch(/^[a-zA-Z_:][\w:]*$/);
      expect(unit.length, name).toBeGreaterThan(1);
      expect(meaning, name).toMatch(/\.$/);
    }
  });

  test("is what the gateway registers, name by name, type by type, label by label", () => {
    const registered = createMetrics("1").registry.getMetricsAsArray() as unknown as {
      readonly name: string;
      readonly type: string;
      readonly labelNames: readonly string[];
    }[];
    const found = new Map(registered.map((metric) => [metric.name, metric]));
    for (const { name, type, labels } of GATEWAY_METRICS) {
      expect(found.get(name), name).toMatchObject({ type, labelNames: labels });
    }
    const own = registered.map(({ name }) => name).filter((name) => /^(api|gateway)_/.test(name));
    const listed = GATEWAY_METRICS.map(({ name }) => name);
    expect(own.filter((name) => !listed.includes(name))).toEqual([]);
  });

  test("has what the simulator exposes in vLLM's name, and with its labels", () => {
    const page = renderMetrics([new ModelMetrics("m", 4096, 1)]);
    expect(strangers(page, /^vllm:/, MODEL_SERVER_METRICS)).toEqual([]);
    const exposed = [...MODEL_SERVER_METRICS, ...SIMULATOR_METRICS].filter(({ name }) =>
      page.includes(`# TYPE ${name} `),
    );
    expect(exposed.length).toBeGreaterThan(8);
    expect(expositionFaults(page, exposed)).toEqual([]);
  });

  test.each(RECORDED)("has what a real vLLM %s exposed, and with its labels", (version) => {
    // What came and went before that release.
    const asked = MODEL_SERVER_METRICS.filter(({ until }) => until === undefined);
    expect(expositionFaults(recordedVllm(version), asked)).toEqual([]);
  });

  test.each(RECORDED)("histograms of the simulator begin where those of vLLM %s do", (version) => {
    const real = firstBounds(recordedVllm(version));
    const simulated = firstBounds(renderMetrics([new ModelMetrics("m", 4096, 1)]));
    const both = [...simulated.keys()].filter((name) => real.has(name));
    expect(both.length).toBeGreaterThan(4);
    const bounds = (of: ReadonlyMap<string, string>) => both.map((name) => [name, of.get(name)]);
    expect(bounds(simulated)).toEqual(bounds(real));
  });

  test("has the counters that GPUs are asked for, no more and no fewer", () => {
    expect(GPU_METRICS.map(({ name }) => name).sort()).toEqual([...GPU_COUNTER_NAMES].sort());
  });

  test("has what the check of a node's GPUs writes, and with its labels", async () => {
    const found = await Promise.all(
      ["ecc-uncorrectable", "thermal", "lost"].map((name) => verdictOf(name)),
    );
    const page = found.map((verdict) => renderTextfile(verdict, 8, new Date(0))).join("");
    const check = SIDECAR_METRICS.filter(({ component }) => component === "gpu-check");
    expect(strangers(page, /^gpu_/, check)).toEqual([]);
    expect(expositionFaults(page, check)).toEqual([]);
  });

  test("is docs/metrics.md (UPDATE=1 writes it)", () => {
    const file = path.resolve(import.meta.dirname, "../docs/metrics.md");
    const text = readFileSync(file, "utf8");
    const [before, rest = ""] = text.split("<!-- generated: begin -->");
    const [, after] = rest.split("<!-- generated: end -->");
    const current = `${before}<!-- generated: begin -->\n\n${metricsReference()}\n\n<!-- generated: end -->${after}`;
    if (process.env["UPDATE"] === "1") writeFileSync(file, current);
    expect(readFileSync(file, "utf8")).toBe(current);
  });
});

describe("expressions", () => {
  test.each(rules.map((rule) => ["record" in rule ? rule.record : rule.alert, rule] as const))(
    "of %s stand in the catalogue",
    (_, rule) => {
      const { faults, shape } = judgePromql(rule.expr, known);
      expect(faults, rule.expr).toEqual([]);
      if ("record" in rule) return;
      // A label that the result does not carry would be an empty place in somebody's message.
      for (const text of [rule.summary, rule.description]) {
        for (const [, label] of text.matchAll(/\$labels\.(\w+)/g)) {
          expect([...shape.labels], text).toContain(label);
        }
      }
    },
  );

  test("of autoscaling stand in the catalogue", () => {
    const scaling: Scaling = {
      replicas: { least: 0, most: 2 },
      ...{ waitingPerReplica: 5, gpusPerReplica: 1, gpusDeclared: 2, startSeconds: 60 },
    };
    const always = { ...scaling, replicas: { least: 1, most: 2 } };
    const queries = [scaling, always].flatMap((one) => triggersOf("m", one));
    expect(queries).toHaveLength(3);
    for (const { query } of queries) expect(judgePromql(query, known).faults).toEqual([]);
  });
});

/** Mistakes that were met in rules of others, or that are a key away. */
const MISTAKES: readonly (readonly [expression: string, says: RegExp])[] = [
  ["rate(vllm:num_preemptions[5m])", /no metric/],
  ["vllm:num_requests_waitin", /no metric/],
  ["rate(api_time_to_first_token_seconds[5m])", /no metric/],
  ["sum by (node) (DCGM_FI_DEV_GPU_UTIL)", /no label node/],
  ['api_queue_length{modell="m"}', /no label modell/],
  ["rate(api_queue_length[5m])", /for counters/],
  ["increase(gateway_ledger_lag_seconds[5m])", /for counters/],
  ["delta(api_requests_total[5m])", /delta of a counter/],
  ["avg_over_time(api_token_usage_total[5m]) > 1", /of a counter/],
  ["gateway_ledger_lost_total > 0", /by its height/],
  ["rate(sum(api_requests_total)[5m:1m])", /sum the rates/],
  [
    "histogram_quantile(0.95, sum by (model) (rate(api_request_duration_seconds_bucket[5m])))",
    /needs the label le/,
  ],
  ["histogram_quantile(0.95, sum by (le) (api_request_duration_seconds_bucket))", /take a rate/],
  ["histogram_quantile(0.95, sum by (model) (api_queue_length))", /is of buckets/],
  ["sum by (model) (api_queue_length) / sum(api_queue_length)", /never match/],
  [
    "sum by (model) (api_queue_length) and on (user) sum by (model) (api_queue_length)",
    /no label user/,
  ],
  ["sum by (model (api_queue_length)", /no PromQL/],
  ["absent_if(up)", /./],
];

test("tells a page and series that differ from the catalogue", () => {
  const asked = GATEWAY_METRICS.filter(({ name }) => name.startsWith("gateway_ledger_q"));
  const page = (type: string, labels: string) =>
    `# TYPE gateway_ledger_queue_rows ${type}\ngateway_ledger_queue_rows${labels} 1\n`;
  expect(expositionFaults(page("gauge", ""), asked)).toEqual([]);
  expect(expositionFaults("", asked)).toEqual(["gateway_ledger_queue_rows is not exposed"]);
  expect(expositionFaults(page("counter", '{x="1"}'), asked)).toHaveLength(2);
  const series = (name: string, label: string) => [{ __name__: name, job: "gateway", [label]: "" }];
  expect(seriesFaults(series("api_requests_total", "user"), known)).toEqual([]);
  expect(seriesFaults(series("api_requests_total", "tenant"), known)).toHaveLength(1);
  expect(seriesFaults(series("api_requests", "user"), known)).toHaveLength(1);
});

test.each(MISTAKES)("refuses %s", (expression, says) => {
  expect(judgePromql(expression, known).faults.join("\n")).toMatch(says);
});

/** By the histogram's name. */
function firstBounds(page: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", bound = ""] of page.matchAll(/^(vllm:\w+)_bucket\{.*\ble="([^"]+)"/gm)) {
    if (!found.has(name)) found.set(name, bound);
  }
  return found;
}

/** What a real one exposed under load: on a GPU, and, of the release that is pinned, on a processor. */
function recordedVllm(version: string): string {
  const file = path.join(import.meta.dirname, `catalogue/fixtures/vllm-${version}.prom`);
  return readFileSync(file, "utf8");
}
