/**
 * What is read of every GPU, as NVIDIA's DCGM exporter takes it: a line a counter. Its own list leaves
 * out what tells of a dying GPU; ours has it. Names and meanings: DCGM's field identifiers. Pure.
 */
type Kind = "gauge" | "counter";

const COUNTERS: readonly (readonly [name: string, kind: Kind, help: string])[] = [
  ["DCGM_FI_DEV_GPU_UTIL", "gauge", "Share of time in which a kernel ran (percent)."],
  [
    "DCGM_FI_DEV_MEM_COPY_UTIL",
    "gauge",
    "Share of time in which memory was read or written (percent).",
  ],
  ["DCGM_FI_DEV_FB_USED", "gauge", "Memory in use (MiB)."],
  ["DCGM_FI_DEV_FB_FREE", "gauge", "Memory that is free (MiB)."],
  ["DCGM_FI_DEV_GPU_TEMP", "gauge", "Temperature of the GPU (degrees Celsius)."],
  ["DCGM_FI_DEV_MEMORY_TEMP", "gauge", "Temperature of its memory (degrees Celsius)."],
  ["DCGM_FI_DEV_POWER_USAGE", "gauge", "Power (watts)."],
  ["DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "counter", "Energy since the driver was loaded (mJ)."],
  ["DCGM_FI_DEV_SM_CLOCK", "gauge", "Clock of its processors (MHz)."],
  // Time in which it was slowed, and why.
  ["DCGM_FI_DEV_POWER_VIOLATION", "counter", "Slowed for its power (microseconds)."],
  ["DCGM_FI_DEV_THERMAL_VIOLATION", "counter", "Slowed for its heat (microseconds)."],
  // Faults. The first is the last one's number; the second counts them (a fault may repeat).
  ["DCGM_FI_DEV_XID_ERRORS", "gauge", "Number of the last fault (XID)."],
  ["DCGM_EXP_XID_ERRORS_COUNT", "gauge", "Faults (XID) within the exporter's window."],
  ["DCGM_FI_DEV_ECC_SBE_VOL_TOTAL", "counter", "Single bits mended since the driver was loaded."],
  [
    "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL",
    "counter",
    "Double bits not mended since the driver was loaded.",
  ],
  ["DCGM_FI_DEV_ECC_DBE_AGG_TOTAL", "counter", "Double bits that were never mended."],
  [
    "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS",
    "counter",
    "Rows replaced after faults that were mended.",
  ],
  [
    "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS",
    "counter",
    "Rows replaced after faults that were not.",
  ],
  ["DCGM_FI_DEV_ROW_REMAP_FAILURE", "gauge", "A row could not be replaced: the GPU is to go."],
  ["DCGM_FI_DEV_ROW_REMAP_PENDING", "gauge", "Rows are replaced at the next reset."],
  ["DCGM_FI_DEV_PCIE_REPLAY_COUNTER", "counter", "Repeats on PCIe."],
  ["DCGM_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL", "counter", "Faults on NVLink (of control)."],
  ["DCGM_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL", "counter", "Faults on NVLink (of data)."],
  ["DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL", "counter", "Repeats on NVLink."],
  ["DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", "counter", "Bytes over NVLink."],
  // Shares from 0 to 1; of a slice (MIG) there is no other.
  ["DCGM_FI_PROF_GR_ENGINE_ACTIVE", "gauge", "Share of time in which anything was computed."],
  ["DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "gauge", "Share of time in which tensor cores worked."],
  ["DCGM_FI_PROF_DRAM_ACTIVE", "gauge", "Share of time in which memory was read or written."],
];

export const GPU_COUNTER_NAMES: readonly string[] = COUNTERS.map(([name]) => name);

export function gpuCounters(): string {
  return COUNTERS.map((counter) => `${counter.join(", ")}\n`).join("");
}
