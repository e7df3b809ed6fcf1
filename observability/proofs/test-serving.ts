/** Worlds of the alerts about model servers and GPUs. */
import { counter, gauge, type Proof, shares } from "./test-proof.ts";

const engine = 'model_name="m", engine="0", job="model-server", instance="s", model="m"';
const ofModel = { labels: { model_name: "m" } };
const dcgm = 'gpu="0", UUID="u", job="gpu", instance="n"';
const ofGpu = { labels: { gpu: "0", UUID: "u", job: "gpu", instance: "n" } };
const CALLS =
  'api_requests_total{endpoint="/v1/chat/completions", model="m", status="success", user="u", job="gateway", instance="g"';
const { total, good } = shares(0.05);
const aborts = shares(0.1);

const events = (name: string, labels: string) =>
  counter(`${name}{${labels}}`, { calm: 0, trouble: 1, edge: 0 });
const flag = (name: string, labels: string) =>
  gauge(`${name}{${labels}}`, { calm: 0, trouble: 1, edge: 0 });

const MODEL_PROOFS: readonly Proof[] = [
  {
    alert: "ModelQueueGrows",
    series: [gauge(`vllm:num_requests_waiting{${engine}}`, { calm: 1, trouble: 5.5, edge: 5 })],
    fires: 8,
    ...ofModel,
  },
  {
    alert: "ModelQueueSlow",
    series: [
      counter(`vllm:request_queue_time_seconds_bucket{${engine}, le="5.0"}`, good),
      counter(`vllm:request_queue_time_seconds_bucket{${engine}, le="+Inf"}`, total),
      counter(`vllm:request_queue_time_seconds_count{${engine}}`, total),
    ],
    fires: 14,
    few: true,
    ...ofModel,
  },
  {
    alert: "ModelMemoryNearlyFull",
    series: [
      gauge(`vllm:kv_cache_usage_perc{${engine}}`, { calm: 0.5, trouble: 0.97, edge: 0.95 }),
    ],
    fires: 8,
    ...ofModel,
  },
  {
    alert: "ModelPreempts",
    series: [counter(`vllm:num_preemptions_total{${engine}}`, { calm: 1, trouble: 33, edge: 30 })],
    fires: 14,
    ...ofModel,
  },
  {
    alert: "ModelStalled",
    series: [
      gauge(`vllm:num_requests_running{${engine}}`, { calm: 3, trouble: 3, edge: 0, idle: 0 }),
      counter(`vllm:generation_tokens_total{${engine}}`, {
        calm: 6_000,
        trouble: 0,
        edge: 0,
        few: 0.001,
        idle: 0,
      }),
    ],
    fires: 6,
    few: true,
    labels: { model_name: "m", instance: "s" },
  },
  {
    alert: "TokensSlow",
    series: ["0.1", "0.3", "+Inf"].map((le) =>
      counter(`vllm:inter_token_latency_seconds_bucket{${engine}, le="${le}"}`, {
        calm: 100,
        // Half of 90 of 100 between the two bounds lies at 0.2, which is the edge.
        trouble: le === "0.1" ? 88 : 100,
        edge: le === "0.1" ? 90 : 100,
      }),
    ),
    fires: 14,
    ...ofModel,
  },
  {
    alert: "TokenThroughputDropped",
    series: [
      gauge(`vllm:num_requests_running{${engine}}`, { calm: 4, trouble: 4, edge: 4, few: 0 }),
      counter(`vllm:generation_tokens_total{${engine}}`, {
        calm: 4_000,
        trouble: 1_900,
        edge: (minute) => (minute < 130 ? 4_000 : 2_000),
        few: 0,
        idle: 4_000,
      }),
    ],
    fires: 14,
    history: 130,
    needsPast: true,
    ...ofModel,
  },
  {
    alert: "ModelAborts",
    series: [
      counter(`${CALLS}, code="499"}`, aborts.bad),
      counter(`${CALLS}, code="200"}`, aborts.good),
    ],
    fires: 14,
    few: true,
    labels: { model: "m" },
  },
  {
    alert: "ScalerFails",
    series: [events("keda_scaler_errors_total", 'scaledObject="m", scaler="s", job="keda"')],
    fires: 10,
    labels: { scaledObject: "m" },
  },
];

const GPU_PROOFS: readonly Proof[] = [
  {
    alert: "GpuUtilisationOver90",
    series: [gauge(`DCGM_FI_DEV_GPU_UTIL{${dcgm}}`, { calm: 60, trouble: 95, edge: 90 })],
    fires: 8,
    ...ofGpu,
  },
  {
    alert: "GpuSliceBusyOver90",
    series: [
      gauge(`DCGM_FI_PROF_GR_ENGINE_ACTIVE{${dcgm}, GPU_I_ID="1"}`, {
        calm: 0.6,
        trouble: 0.95,
        edge: 0.9,
      }),
      // The whole GPU is another's business.
      gauge(`DCGM_FI_PROF_GR_ENGINE_ACTIVE{${dcgm}}`, { calm: 0.95, trouble: 0.95, edge: 0.95 }),
    ],
    fires: 8,
    labels: { ...ofGpu.labels, GPU_I_ID: "1" },
  },
  {
    alert: "GpuIdle",
    series: [
      gauge(`DCGM_FI_PROF_GR_ENGINE_ACTIVE{${dcgm}}`, { calm: 0.5, trouble: 0.045, edge: 0.05 }),
      gauge(
        `DCGM_FI_PROF_GR_ENGINE_ACTIVE{${dcgm.replace('UUID="u"', 'UUID="GPU-simulated-1"')}}`,
        {
          ...{ calm: 0, trouble: 0, edge: 0 },
        },
      ),
    ],
    fires: 420,
    history: 120,
    step: 10,
    ...ofGpu,
  },
  {
    alert: "GpuXidFatal",
    series: [
      gauge(`DCGM_FI_DEV_XID_ERRORS{${dcgm}, err_code="48"}`, { calm: null, trouble: 48, edge: 0 }),
      gauge(`DCGM_FI_DEV_XID_ERRORS{${dcgm}, err_code="31"}`, { calm: 31, trouble: 31, edge: 31 }),
    ],
    fires: 0,
    birth: true,
    labels: { gpu: "0", UUID: "u", instance: "n", err_code: "48" },
  },
  {
    alert: "GpuXid",
    series: [
      gauge(`DCGM_EXP_XID_ERRORS_COUNT{${dcgm}, xid="31"}`, { calm: null, trouble: 1, edge: 0 }),
      gauge(`DCGM_EXP_XID_ERRORS_COUNT{${dcgm}, xid="0"}`, { calm: 1, trouble: 1, edge: 1 }),
    ],
    fires: 0,
    birth: true,
    labels: { gpu: "0", UUID: "u", instance: "n", xid: "31" },
  },
  {
    alert: "GpuDoubleBit",
    series: [events("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", dcgm)],
    fires: 0,
    ...ofGpu,
  },
  {
    alert: "GpuRowRemapFailed",
    series: [flag("DCGM_FI_DEV_ROW_REMAP_FAILURE", dcgm)],
    fires: 3,
    ...ofGpu,
  },
  {
    alert: "GpuRowsRemapped",
    series: [events("DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", dcgm)],
    fires: 0,
    ...ofGpu,
  },
  {
    alert: "GpuRowRemapPending",
    series: [flag("DCGM_FI_DEV_ROW_REMAP_PENDING", dcgm)],
    fires: 13,
    ...ofGpu,
  },
  {
    alert: "GpuLost",
    series: [
      gauge(`DCGM_FI_DEV_GPU_TEMP{${dcgm}}`, { calm: 50, trouble: 50 }),
      gauge('DCGM_FI_DEV_GPU_TEMP{gpu="1", UUID="v", job="gpu", instance="n"}', {
        calm: 50,
        trouble: null,
        edge: 50,
      }),
      gauge('DCGM_FI_DEV_GPU_TEMP{gpu="2", UUID="GPU-simulated-w", job="gpu", instance="n"}', {
        ...{ calm: 50, trouble: 50, edge: null },
      }),
    ],
    fires: 4,
    needsPast: true,
    labels: { instance: "n" },
  },
  {
    alert: "GpuNotAllocatable",
    series: ["allocatable", "capacity"].map((what) =>
      gauge(`kube_node_status_${what}{resource="nvidia_com_gpu", node="n"}`, {
        calm: 8,
        trouble: what === "capacity" ? 8 : 7,
        edge: 8,
      }),
    ),
    fires: 8,
    labels: { resource: "nvidia_com_gpu", node: "n" },
  },
  {
    alert: "GpuLinkFaults",
    series: [events("DCGM_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL", dcgm)],
    fires: 0,
    ...ofGpu,
  },
  {
    alert: "GpuExporterAway",
    series: [gauge('up{job="gpu", instance="n"}', { calm: 1, trouble: 0 })],
    fires: 5,
    absence: true,
  },
  {
    alert: "GpuFaultsUnseen",
    series: [
      gauge('up{job="gpu", instance="n"}', { calm: 1, trouble: 1, edge: 1 }),
      gauge('up{job="gpu", instance="down"}', { calm: 0, trouble: 0, edge: 0 }),
      counter(`DCGM_FI_DEV_ECC_DBE_VOL_TOTAL{${dcgm}}`, { calm: 0, trouble: null, edge: 0 }),
    ],
    fires: 20,
    labels: { instance: "n" },
  },
  {
    alert: "GpuHot",
    series: [gauge(`DCGM_FI_DEV_GPU_TEMP{${dcgm}}`, { calm: 60, trouble: 88, edge: 85 })],
    fires: 8,
    ...ofGpu,
  },
  {
    alert: "GpuSlowedByHeat",
    series: [
      counter(`DCGM_FI_DEV_THERMAL_VIOLATION{${dcgm}}`, {
        calm: 0,
        trouble: 6_600_000,
        edge: 6_000_000,
      }),
    ],
    fires: 9,
    ...ofGpu,
  },
];

export const SERVING_PROOFS: readonly Proof[] = [...MODEL_PROOFS, ...GPU_PROOFS];
