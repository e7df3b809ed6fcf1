/** GPUs of a cluster whose operator has an exporter: found without a right, let through, and believed in GPUs alone. */
import { beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { parseSettings } from "../config/parse.ts";
import { asTexts, changed, committedValues } from "../config/test-settings.ts";
import { monitoringFaults } from "./monitoring-arguments.ts";
import { onprem } from "./onprem.ts";
import { type Loose, named, settingsOf } from "./test-objects.ts";
import { type Program, runProgram } from "./test-program.ts";

const bank = committedValues("onprem-bank");
let program: Program;
beforeAll(async () => {
  program = await runProgram(onprem, settingsOf(bank));
});

const files = (of: Program) => named("ConfigMap", "prometheus-configuration", of).data;
const jobsOf = (of: Program): Loose[] => parse(files(of)["prometheus.yml"]).scrape_configs;
const ofGpus = (of: Program) => jobsOf(of).filter(({ job_name: name }) => name === "gpu");

test("ours finds its exporters by a Service of ours, and keeps counters of GPUs alone", () => {
  const [job] = ofGpus(program);
  expect(job).toMatchObject({
    scheme: "http",
    dns_sd_configs: [{ names: ["dcgm-exporter-metrics.gpu-operator.svc"], port: 9_400 }],
    metric_relabel_configs: [{ source_labels: ["__name__"], regex: "DCGM_.*", action: "keep" }],
  });
  expect(job?.sample_limit).toBeGreaterThan(16 * 7 * 30);
  const { metadata } = named("Service", "dcgm-exporter-metrics", program);
  expect(metadata.namespace).toBe("gpu-operator");
  expect(named("ConfigMap", "gpu-counters", program).metadata.namespace).toBe("gpu-operator");
});

test("it is the only scrape without TLS, and needs no right in the cluster", () => {
  const plain = jobsOf(program).filter(({ scheme }) => scheme !== "https");
  expect(plain.map(({ job_name: name }) => name)).toEqual(["gpu"]);
  const { spec } = named("StatefulSet", "prometheus", program).spec.template;
  expect(spec.automountServiceAccountToken).toBe(false);
});

test("Prometheus is let through to its pods, and no namespace of the operator's is walled", () => {
  const { egress } = named("NetworkPolicy", "allow-prometheus", program).spec;
  const theirs = egress.filter(({ to }: Loose) => JSON.stringify(to).includes("gpu-operator"));
  expect(theirs).toMatchObject([
    {
      to: [{ podSelector: { matchLabels: { app: "nvidia-dcgm-exporter" } } }],
      ports: [{ port: 9_400 }],
    },
  ]);
  const walls = program.resources.map(({ inputs }) => inputs as Loose);
  const own = walls.filter(({ kind }) => ["NetworkPolicy", "Namespace"].includes(kind));
  const names = own.map(({ metadata }) => metadata.namespace ?? metadata.name);
  expect(names).not.toContain("gpu-operator");
  // Nothing of ours runs there that would need one.
  expect(names).not.toContain("deepseek-gpu");
});

test("alerts about GPUs are judged, and their series are counted", () => {
  for (const alert of ["GpuXidFatal", "GpuExporterAway", "GpuFaultsUnseen"]) {
    expect(files(program)["rules.yml"]).toContain(`alert: ${alert}\n`);
  }
  const many = changed(bank, "inventory", [
    { ...(bank["deepseek:inventory"] as Loose[])[0], nodes: 1_000 },
  ]);
  expect(monitoringFaults(settingsOf(bank))).toEqual([]);
  expect(monitoringFaults(settingsOf(many)).map(({ path }) => path)).toContain(
    "deepseek:monitoring.storage",
  );
});

test("without the setting nothing of the operator's is scraped or judged", async () => {
  const none = await runProgram(onprem, settingsOf(changed(bank, "gpuRuntime.operator", {})));
  expect(ofGpus(none)).toEqual([]);
  expect(named("Service", "dcgm-exporter-metrics", none)).toBeUndefined();
  expect(files(none)["rules.yml"]).not.toContain("GpuExporterAway");
});

test("it is refused where no operator is", () => {
  const wrong = changed(bank, "gpuRuntime.mode", "ours");
  const { faults = [] } = parseSettings(asTexts(wrong)) as { faults?: { path: string }[] };
  expect(faults.map(({ path }) => path)).toContain("deepseek:gpuRuntime.operator.exporter");
});
