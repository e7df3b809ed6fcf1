/**
 * NVIDIA's DCGM exporter (4.8), with the counters that components/serving/gpu-counters.ts asks it
 * for. The node's name is `Hostname` before 4.8.3 and `hostname` since: rules group by `UUID`, which
 * both have. A slice of a GPU (MIG) carries `GPU_I_ID` and `GPU_I_PROFILE`. Pure data.
 */
import { type Metric, metricsOf, type Row } from "./metric.ts";

const LABELS =
  "gpu UUID pci_bus_id device modelName Hostname hostname GPU_I_ID GPU_I_PROFILE container namespace pod";
const XID = `${LABELS} err_code err_msg`;

type Counter = readonly [name: string, type: "gauge" | "counter", unit: string, meaning: string];

const COUNTERS: readonly Counter[] = [
  [
    "DEV_GPU_UTIL",
    "gauge",
    "percent",
    "Share of time in which a kernel ran; absent or 0 of slices.",
  ],
  ["DEV_MEM_COPY_UTIL", "gauge", "percent", "Share of time in which memory was read or written."],
  ["DEV_FB_USED", "gauge", "MiB", "Memory in use; engines take theirs at their start."],
  ["DEV_FB_FREE", "gauge", "MiB", "Memory that is free."],
  ["DEV_GPU_TEMP", "gauge", "degrees Celsius", "Temperature of the GPU."],
  ["DEV_MEMORY_TEMP", "gauge", "degrees Celsius", "Temperature of its memory."],
  ["DEV_POWER_USAGE", "gauge", "watts", "Power."],
  ["DEV_TOTAL_ENERGY_CONSUMPTION", "counter", "millijoules", "Energy since the driver was loaded."],
  ["DEV_SM_CLOCK", "gauge", "MHz", "Clock of its processors."],
  ["DEV_POWER_VIOLATION", "counter", "microseconds", "Time in which it was slowed for its power."],
  ["DEV_THERMAL_VIOLATION", "counter", "microseconds", "Time in which it was slowed for its heat."],
  ["DEV_ECC_SBE_VOL_TOTAL", "counter", "bits", "Bits mended since the driver was loaded."],
  ["DEV_ECC_DBE_VOL_TOTAL", "counter", "bits", "Bits not mended since the driver was loaded."],
  ["DEV_ECC_DBE_AGG_TOTAL", "counter", "bits", "Bits that were never mended."],
  ["DEV_CORRECTABLE_REMAPPED_ROWS", "counter", "rows", "Rows replaced after mended faults."],
  ["DEV_UNCORRECTABLE_REMAPPED_ROWS", "counter", "rows", "Rows replaced after faults not mended."],
  ["DEV_ROW_REMAP_FAILURE", "gauge", "none", "1: a row could not be replaced, the GPU is to go."],
  ["DEV_ROW_REMAP_PENDING", "gauge", "none", "1: rows are replaced at the next reset."],
  ["DEV_PCIE_REPLAY_COUNTER", "counter", "repeats", "Repeats on PCIe."],
  ["DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL", "counter", "faults", "Faults on NVLink (control)."],
  ["DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL", "counter", "faults", "Faults on NVLink (data)."],
  ["DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL", "counter", "repeats", "Repeats on NVLink."],
  ["DEV_NVLINK_BANDWIDTH_TOTAL", "counter", "bytes", "Bytes over NVLink."],
  ["PROF_GR_ENGINE_ACTIVE", "gauge", "ratio", "Share of time in which anything was computed."],
  ["PROF_PIPE_TENSOR_ACTIVE", "gauge", "ratio", "Share of time in which tensor cores worked."],
  ["PROF_DRAM_ACTIVE", "gauge", "ratio", "Share of time in which memory was read or written."],
];

const FAULTS: readonly Row[] = [
  [
    "DCGM_FI_DEV_XID_ERRORS",
    "gauge",
    "none",
    XID,
    "Number of the last fault (XID); every number is a series of its own and stays until the exporter restarts.",
  ],
  [
    "DCGM_EXP_XID_ERRORS_COUNT",
    "gauge",
    "faults",
    `${LABELS} window_size_in_ms xid`,
    "Faults (XID) within the exporter's window.",
  ],
];

export const GPU_METRICS: readonly Metric[] = metricsOf("dcgm-exporter", "4.2", [
  ...COUNTERS.map(
    ([name, type, unit, meaning]): Row => [`DCGM_FI_${name}`, type, unit, LABELS, meaning],
  ),
  ...FAULTS,
]);
