/**
 * Alerts about GPUs, of NVIDIA's exporter with our list of counters. An engine takes its memory at its
 * start, so that memory in use says nothing; XID is the number of the last fault.
 */
import { type AlertRule, type RuleGroup, steady } from "./rule.ts";

const gpu = { owner: "platform", dashboard: "gpu", job: "gpu" } as const;
const health = { ...gpu, subject: "gpu-health" } as const;
const heat = { ...gpu, subject: "gpu-heat" } as const;
const load = { ...gpu, owner: "serving", subject: "gpu-load" } as const;

/** Faults after which a GPU or its programs must be restarted; 13, 31, 43, 45 are programs' own. */
const FATAL = "48|63|64|74|79|94|95|119";
/** Simulated ones (tools/simulator/gpus.ts) come and go with their model server, and nobody pays for them. */
const REAL = 'UUID!~"GPU-simulated-.*"';
const GPUS = `count by (instance) (count by (instance, UUID) (last_over_time(DCGM_FI_DEV_GPU_TEMP{${REAL}}[3m])))`;

const loadAlerts: readonly AlertRule[] = [
  {
    // An engine that works is busy: a sign for planning, not of trouble.
    ...load,
    alert: "GpuUtilisationOver90",
    expr: `${steady('DCGM_FI_DEV_GPU_UTIL{GPU_I_ID=""}')} > 90`,
    for: "5m",
    severity: "warning",
    summary: "A GPU is more than 90 % busy",
    description: "GPU {{ $labels.gpu }} of {{ $labels.instance }}: {{ $value }} %.",
  },
  {
    ...load,
    alert: "GpuSliceBusyOver90",
    expr: `${steady('DCGM_FI_PROF_GR_ENGINE_ACTIVE{GPU_I_ID!=""}')} > 0.9`,
    for: "5m",
    severity: "warning",
    summary: "A slice of a GPU is more than 90 % busy",
    description:
      "Slice {{ $labels.GPU_I_ID }} of GPU {{ $labels.gpu }} of {{ $labels.instance }}: {{ $value | humanizePercentage }}.",
  },
  {
    ...load,
    alert: "GpuIdle",
    expr: `avg_over_time(DCGM_FI_PROF_GR_ENGINE_ACTIVE{${REAL}}[1h]) < 0.05`,
    for: "6h",
    severity: "info",
    summary: "A GPU is paid for and does nothing",
    description:
      "GPU {{ $labels.gpu }} of {{ $labels.instance }} was {{ $value | humanizePercentage }} busy for hours.",
  },
];

const healthAlerts: readonly AlertRule[] = [
  {
    ...health,
    alert: "GpuXidFatal",
    expr: `max by (instance, gpu, UUID, err_code) (max_over_time(DCGM_FI_DEV_XID_ERRORS{err_code=~"${FATAL}"}[3m])) > 0`,
    severity: "critical",
    summary: "A GPU has failed (XID {{ $labels.err_code }})",
    description:
      "GPU {{ $labels.gpu }} of {{ $labels.instance }}. Shown until the exporter restarts, even when it is mended.",
  },
  {
    ...health,
    alert: "GpuXid",
    expr: 'max by (instance, gpu, UUID, xid) (max_over_time(DCGM_EXP_XID_ERRORS_COUNT{xid!~"0?"}[5m])) > 0',
    severity: "warning",
    summary: "A GPU reported a fault (XID {{ $labels.xid }})",
    description: "GPU {{ $labels.gpu }} of {{ $labels.instance }}: {{ $value }} times.",
  },
  {
    ...health,
    alert: "GpuDoubleBit",
    expr: "increase(DCGM_FI_DEV_ECC_DBE_VOL_TOTAL[15m]) > 0",
    severity: "critical",
    summary: "A GPU's memory lost data",
    description: "GPU {{ $labels.gpu }} of {{ $labels.instance }}: bits that could not be mended.",
  },
  {
    ...health,
    alert: "GpuRowRemapFailed",
    expr: `${steady("DCGM_FI_DEV_ROW_REMAP_FAILURE")} > 0`,
    severity: "critical",
    summary: "A GPU must be replaced",
    description:
      "GPU {{ $labels.gpu }} of {{ $labels.instance }} has no rows left to replace bad ones.",
  },
  {
    ...health,
    alert: "GpuRowsRemapped",
    expr: "increase(DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS[1h]) > 0",
    severity: "warning",
    summary: "A GPU replaced bad rows of its memory",
    description: "GPU {{ $labels.gpu }} of {{ $labels.instance }}: {{ $value | humanize }} rows.",
  },
  {
    ...health,
    alert: "GpuRowRemapPending",
    expr: `${steady("DCGM_FI_DEV_ROW_REMAP_PENDING")} > 0`,
    for: "10m",
    severity: "warning",
    summary: "A GPU waits for its reset",
    description: "GPU {{ $labels.gpu }} of {{ $labels.instance }} replaces rows when it is reset.",
  },
  {
    // An hour later this is the new normal, so that a smaller node is no alarm for ever.
    ...health,
    alert: "GpuLost",
    expr: `${GPUS} < max_over_time(${GPUS}[1h:1m])`,
    for: "1m",
    severity: "critical",
    summary: "A node has fewer GPUs than before",
    description: "{{ $labels.instance }} shows {{ $value }} GPUs, fewer than within the last hour.",
  },
  {
    ...health,
    job: "kube-state-metrics",
    alert: "GpuNotAllocatable",
    expr:
      'max_over_time(kube_node_status_allocatable{resource="nvidia_com_gpu"}[3m])' +
      ' < max_over_time(kube_node_status_capacity{resource="nvidia_com_gpu"}[3m])',
    for: "5m",
    severity: "error",
    summary: "A node offers fewer GPUs than it has",
    description: "{{ $labels.node }} offers {{ $value }}: its device plugin took the rest out.",
  },
  {
    ...health,
    alert: "GpuLinkFaults",
    expr: "increase(DCGM_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL[15m]) > 0",
    severity: "warning",
    summary: "NVLink has faults",
    description:
      "GPU {{ $labels.gpu }} of {{ $labels.instance }}: {{ $value | humanize }} in 15 minutes.",
  },
  {
    ...health,
    alert: "GpuExporterAway",
    expr: 'absent(up{job="gpu"} == 1)',
    for: "5m",
    severity: "error",
    summary: "GPUs are not watched",
    description: "No exporter of GPUs answers its scrape.",
  },
  {
    // NVIDIA's own list of counters has no errors of memory, so that an exporter which reads it tells of none.
    ...health,
    alert: "GpuFaultsUnseen",
    expr:
      'max by (instance) (max_over_time(up{job="gpu"}[3m])) == 1' +
      " unless on (instance) last_over_time(DCGM_FI_DEV_ECC_DBE_VOL_TOTAL[10m])",
    for: "10m",
    severity: "warning",
    summary: "Faults of GPUs are not watched",
    description: "{{ $labels.instance }} answers, but does not read our list of counters.",
  },
];

const heatAlerts: readonly AlertRule[] = [
  {
    // An A100 may run at 85 degrees, slows itself at 89 and stops at 92 (nvidia-smi -q).
    ...heat,
    alert: "GpuHot",
    expr: `${steady("DCGM_FI_DEV_GPU_TEMP")} > 85`,
    for: "5m",
    severity: "warning",
    summary: "A GPU is hot",
    description: "GPU {{ $labels.gpu }} of {{ $labels.instance }}: {{ $value }} degrees Celsius.",
  },
  {
    // Microseconds in a second: a tenth of the time.
    ...heat,
    alert: "GpuSlowedByHeat",
    expr: "rate(DCGM_FI_DEV_THERMAL_VIOLATION[5m]) > 100000",
    for: "5m",
    severity: "error",
    summary: "A GPU slows itself for its heat",
    description: "GPU {{ $labels.gpu }} of {{ $labels.instance }}, more than a tenth of the time.",
  },
];

export const gpus: RuleGroup = {
  name: "gpus",
  rules: [...loadAlerts, ...healthAlerts, ...heatAlerts],
};
