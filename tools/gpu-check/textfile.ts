/**
 * The verdict for the textfile collector of Prometheus' node exporter (text format 0.0.4). It holds no
 * names of processes: what runs on a node is not for everyone who may read metrics.
 */
import type { JudgedGpu, Verdict } from "./judge.ts";

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [Labels, number | null];

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly samples: readonly Sample[];
}

const MIB = 2 ** 20;
const MHZ = 1e6;

export function renderTextfile(verdict: Verdict, expectedGpus: number | null, now: Date): string {
  const ok = [...checkMetrics(true, now), ...nodeMetrics(verdict, expectedGpus)];
  return render([...ok, ...loadMetrics(verdict.gpus), ...faultMetrics(verdict.gpus)]);
}

/** Where nothing could be learned of the GPUs: an alert sees that, and no old value stays. */
export function renderFailure(now: Date): string {
  return render(checkMetrics(false, now));
}

function checkMetrics(success: boolean, now: Date): readonly Metric[] {
  return [
    gauge("gpu_check_success", "Whether the GPUs of this node could be asked.", [
      [{}, success ? 1 : 0],
    ]),
    gauge("gpu_check_timestamp_seconds", "When they were asked.", [[{}, now.getTime() / 1000]]),
  ];
}

function nodeMetrics(verdict: Verdict, expected: number | null): readonly Metric[] {
  const count = (state: string) => verdict.gpus.filter((one) => one.state === state).length;
  return [
    gauge("gpu_check_gpus", "GPUs of this node by state; lost ones cannot be asked at all.", [
      [{ state: "healthy" }, count("healthy")],
      [{ state: "degraded" }, count("degraded")],
      [{ state: "failed" }, count("failed")],
      [{ state: "lost" }, verdict.lost.length],
    ]),
    gauge("gpu_check_gpus_expected", "GPUs that this node should have.", [[{}, expected]]),
    gauge("gpu_check_kernel_log_read", "Whether XIDs could be looked for.", [
      [{}, verdict.kernelLogRead ? 1 : 0],
    ]),
    gauge(
      "gpu_info",
      "Model, driver and address of a GPU.",
      verdict.gpus.map((one) => [
        {
          ...idOf(one),
          model: one.gpu.name ?? "",
          driver: verdict.driver ?? "",
          pci: one.gpu.pci,
        },
        1,
      ]),
    ),
    gauge(
      "gpu_state",
      "1 for the state that a GPU is in.",
      verdict.gpus.flatMap((one) =>
        (["healthy", "degraded", "failed"] as const).map(
          (state): Sample => [{ ...idOf(one), state }, one.state === state ? 1 : 0],
        ),
      ),
    ),
  ];
}

function loadMetrics(gpus: readonly JudgedGpu[]): readonly Metric[] {
  const each = (value: (one: JudgedGpu) => number | null) =>
    gpus.map((one): Sample => [idOf(one), value(one)]);
  return [
    gauge(
      "gpu_utilization_ratio",
      "Share of time in which something ran.",
      each(({ gpu }) => scaled(gpu.utilisationPercent, 0.01)),
    ),
    gauge(
      "gpu_memory_used_bytes",
      "Memory in use.",
      each(({ gpu }) => scaled(gpu.memoryUsedMib, MIB)),
    ),
    gauge(
      "gpu_memory_total_bytes",
      "Memory of the GPU.",
      each(({ gpu }) => scaled(gpu.memoryTotalMib, MIB)),
    ),
    gauge(
      "gpu_temperature_celsius",
      "Temperature of the chip and of its memory.",
      gpus.flatMap((one): Sample[] => [
        [{ ...idOf(one), sensor: "gpu" }, one.gpu.temperatures.gpuCelsius],
        [{ ...idOf(one), sensor: "memory" }, one.gpu.temperatures.memoryCelsius],
      ]),
    ),
    gauge(
      "gpu_power_watts",
      "Power that is drawn.",
      each(({ gpu }) => gpu.powerWatts),
    ),
    gauge(
      "gpu_power_limit_watts",
      "Power at which clocks are held.",
      each(({ gpu }) => gpu.powerLimitWatts),
    ),
    gauge(
      "gpu_clock_hertz",
      "Clock of the multiprocessors and of the memory.",
      gpus.flatMap((one): Sample[] => [
        [{ ...idOf(one), clock: "sm" }, scaled(one.gpu.smClockMhz, MHZ)],
        [{ ...idOf(one), clock: "memory" }, scaled(one.gpu.memoryClockMhz, MHZ)],
      ]),
    ),
    gauge(
      "gpu_processes",
      "Programs on the GPU.",
      each(({ gpu }) => gpu.processes.length),
    ),
    gauge(
      "gpu_mig_enabled",
      "Whether the GPU is divided (MIG).",
      each(({ gpu }) => truth(gpu.mig.enabled)),
    ),
    gauge(
      "gpu_mig_instances",
      "Parts it is divided into.",
      each(({ gpu }) => gpu.mig.devices.length),
    ),
    gauge(
      "gpu_pcie_link_width",
      "PCIe lanes in use.",
      each(({ gpu }) => gpu.linkWidth),
    ),
  ];
}

function faultMetrics(gpus: readonly JudgedGpu[]): readonly Metric[] {
  const each = (value: (one: JudgedGpu) => number | null) =>
    gpus.map((one): Sample => [idOf(one), value(one)]);
  const ecc = (one: JudgedGpu): Sample[] =>
    (["volatile", "aggregate"] as const).flatMap((scope) =>
      (["correctable", "uncorrectable"] as const).map(
        (kind): Sample => [{ ...idOf(one), scope, kind }, one.gpu.ecc[scope][kind]],
      ),
    );
  return [
    gauge(
      "gpu_clock_reason_active",
      "Reasons for a lower clock that hold now.",
      gpus.flatMap((one) =>
        one.gpu.throttle.map((reason): Sample => [{ ...idOf(one), reason }, 1]),
      ),
    ),
    {
      name: "gpu_ecc_errors_total",
      help: "Errors of memory since the driver was loaded (volatile) and in the GPU's life (aggregate).",
      type: "counter",
      samples: gpus.flatMap(ecc),
    },
    gauge(
      "gpu_remapped_rows",
      "Rows of memory that were replaced by spare ones.",
      gpus.flatMap((one): Sample[] => [
        [{ ...idOf(one), kind: "correctable" }, one.gpu.remapped.correctable],
        [{ ...idOf(one), kind: "uncorrectable" }, one.gpu.remapped.uncorrectable],
      ]),
    ),
    gauge(
      "gpu_row_remap_pending",
      "Whether a row is replaced at the next reset.",
      each(({ gpu }) => truth(gpu.remapped.pending)),
    ),
    gauge(
      "gpu_row_remap_failed",
      "Whether a row could not be replaced.",
      each(({ gpu }) => truth(gpu.remapped.failed)),
    ),
    gauge(
      "gpu_xid_events",
      "XIDs in the kernel's log within the hours that count.",
      gpus.flatMap((one) =>
        one.xids.map(({ code, count }): Sample => [{ ...idOf(one), xid: String(code) }, count]),
      ),
    ),
    gauge(
      "gpu_findings",
      "What is wrong with a GPU, by its word.",
      gpus.flatMap((one) =>
        one.findings.map(({ code, level }): Sample => [{ ...idOf(one), finding: code, level }, 1]),
      ),
    ),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, help, type: "gauge", samples };
}

function render(metrics: readonly Metric[]): string {
  return metrics.map(metricText).join("");
}

/** A value that the driver does not have is left out; NaN would break sums. Equal labels stand once. */
function metricText({ name, help, type, samples }: Metric): string {
  const known = samples.filter((sample): sample is readonly [Labels, number] => sample[1] !== null);
  const lines = new Map(known.map(([labels, value]) => [`${name}${labelText(labels)}`, value]));
  if (lines.size === 0) return "";
  const body = [...lines].map(([series, value]) => `${series} ${value}\n`).join("");
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${body}`;
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

function escaped(value: string): string {
  return value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}

function idOf({ gpu }: JudgedGpu): Labels {
  return { gpu: gpu.index === null ? "" : String(gpu.index), uuid: gpu.uuid ?? "" };
}

function scaled(value: number | null, factor: number): number | null {
  // Rounded, so that 7 % is 0.07 and not 0.07000000000000001.
  return value === null ? null : Math.round(value * factor * 1e6) / 1e6;
}

function truth(value: boolean | null): number | null {
  return value === null ? null : value ? 1 : 0;
}
