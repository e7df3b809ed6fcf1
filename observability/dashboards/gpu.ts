/** GPUs as NVIDIA's exporter tells them. `UUID` is the label that all of its versions have. Pure data. */
import { answering, type Board, lines, number, row } from "./panel.ts";

const of = (metric: string) => `max by (gpu, UUID) (DCGM_FI_${metric})`;
const rate = (metric: string) => `sum by (gpu, UUID) (rate(DCGM_FI_${metric}[5m]))`;
const WHO = "{{gpu}} {{UUID}}";

export const gpu: Board = {
  name: "gpu",
  title: { en: "GPUs", zh: "GPU" },
  models: null,
  rows: [
    row("Now", "当前", [
      answering("GPUs that are told of", "可见的 GPU", `count(${of("DEV_GPU_TEMP")})`, {
        en: "One whose UUID begins with GPU-simulated is computed by a simulated model server from its load: there is no such GPU.",
        zh: "UUID 以 GPU-simulated 开头的是模拟模型服务器按其负载算出的,并无此 GPU。",
      }),
      number("Hottest", "最高温度", "celsius", "max(DCGM_FI_DEV_GPU_TEMP)", { bound: 85 }),
      number(
        "Rows that could not be replaced",
        "行重映射失败",
        "none",
        "sum(DCGM_FI_DEV_ROW_REMAP_FAILURE)",
        {
          bound: 1,
          whenWell: "still",
        },
      ),
      number("Power", "功率", "watt", "sum(DCGM_FI_DEV_POWER_USAGE)"),
    ]),
    row("Use", "使用", [
      lines(
        "Share of time in which a kernel ran",
        "内核运行时间占比",
        "percent",
        [[of("DEV_GPU_UTIL"), WHO]],
        {
          bound: 90,
          note: {
            en: "Near 100 all day where a model server has work. Slices (MIG) have none; see the next panel.",
            zh: "模型服务器忙时整天接近 100。MIG 切片没有此值,请看下一面板。",
          },
        },
      ),
      lines("Share of time in which anything was computed", "计算引擎活跃占比", "percentunit", [
        ["max by (gpu, UUID, GPU_I_ID) (DCGM_FI_PROF_GR_ENGINE_ACTIVE)", `${WHO} {{GPU_I_ID}}`],
      ]),
      lines("Share of time in which tensor cores worked", "张量核心活跃占比", "percentunit", [
        [of("PROF_PIPE_TENSOR_ACTIVE"), WHO],
      ]),
      lines("Memory in use", "显存占用", "mbytes", [[of("DEV_FB_USED"), WHO]]),
    ]),
    row("Heat and power", "温度与功率", [
      lines("Temperature", "温度", "celsius", [[of("DEV_GPU_TEMP"), WHO]], { bound: 85 }),
      lines("Temperature of memory", "显存温度", "celsius", [[of("DEV_MEMORY_TEMP"), WHO]], {
        bound: 95,
      }),
      lines("Power", "功率", "watt", [[of("DEV_POWER_USAGE"), WHO]]),
      lines("Clock", "时钟", "suffix:MHz", [[of("DEV_SM_CLOCK"), WHO]]),
      lines(
        "Share of time slowed for heat",
        "因温度降频的时间占比",
        "percentunit",
        [[`${rate("DEV_THERMAL_VIOLATION")} / 1e6`, WHO]],
        { tone: "bad", whenWell: "still" },
      ),
      lines(
        "Share of time slowed for power",
        "因功率降频的时间占比",
        "percentunit",
        [[`${rate("DEV_POWER_VIOLATION")} / 1e6`, WHO]],
        { tone: "bad", whenWell: "still" },
      ),
    ]),
    row("Faults", "故障", [
      lines(
        "Last XID",
        "最近的 XID",
        "none",
        [
          [
            "max by (gpu, UUID, err_code, err_msg) (DCGM_FI_DEV_XID_ERRORS) > 0",
            `${WHO} {{err_code}} {{err_msg}}`,
          ],
        ],
        {
          note: {
            en: "Stays until the exporter restarts; `npm run gpu-check` on the node tells when it was.",
            zh: "在导出器重启前一直保留;在节点上运行 npm run gpu-check 可知发生时间。",
          },
          tone: "bad",
          whenWell: "empty",
        },
      ),
      lines(
        "Bits that were not mended, in an hour",
        "每小时不可纠正错误",
        "none",
        [["sum by (gpu, UUID) (increase(DCGM_FI_DEV_ECC_DBE_VOL_TOTAL[1h]))", WHO]],
        { tone: "bad", whenWell: "still" },
      ),
      lines(
        "Rows that were replaced after faults not mended",
        "因不可纠正错误重映射的行",
        "none",
        [[of("DEV_UNCORRECTABLE_REMAPPED_ROWS"), WHO]],
        { tone: "bad", whenWell: "still" },
      ),
      lines(
        "Rows that wait for a reset",
        "等待重置的行",
        "none",
        [[of("DEV_ROW_REMAP_PENDING"), WHO]],
        { tone: "bad", whenWell: "still" },
      ),
      lines("Repeats on PCIe", "PCIe 重传", "ops", [[rate("DEV_PCIE_REPLAY_COUNTER"), WHO]], {
        tone: "bad",
        whenWell: "still",
      }),
      lines(
        "Repeats on NVLink",
        "NVLink 重传",
        "ops",
        [[rate("DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL"), WHO]],
        { tone: "bad", whenWell: "still" },
      ),
    ]),
  ],
};
