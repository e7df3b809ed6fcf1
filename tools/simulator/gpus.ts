/**
 * Simulated GPUs of a simulated model server, as NVIDIA's DCGM exporter would tell of them: an A100's
 * figures, reckoned from what the server computes. There is no such GPU, and every series says so: in its
 * UUID, in its model's name and in its help.
 */
import { hostname } from "node:os";
import type { Load, LoadMeter } from "./load-meter.ts";
import { hashText } from "./text.ts";

/** NVIDIA A100-SXM4-40GB (nvidia.com/en-us/data-center/a100, its data sheet). */
const A100 = {
  memoryMebibytes: 40_960,
  limitWatts: 400,
  /** nvidia-smi of one that does nothing: 50 to 60 W, 210 MHz, some 32 degrees with 20 of the room. */
  idleWatts: 55,
  idleMegahertz: 210,
  boostMegahertz: 1_410,
  idleCelsius: 32,
} as const;
/** Degrees a watt above idle: some 65 at its limit, as air-cooled ones run. Its memory is warmer. */
const CELSIUS_PER_WATT = { chip: 0.095, memory: 0.115 } as const;
/** A heat sink follows its load within minutes. */
const HEAT_SECONDS = 60;
/** Share of a busy moment in which a kernel runs: with one sequence the engine itself takes a fifth. */
const KERNEL = { alone: 0.8, full: 1 } as const;
/** Decoding reads every weight for each step, whatever the batch; only a large batch fills tensor cores. */
const MEMORY_SHARE = 0.7;
const TENSOR = { alone: 0.05, full: 0.55 } as const;
/** Clocks step by 15 MHz; under its limit of power an A100 was seen some 8 steps lower. */
const CLOCK = { step: 15, stepsAtLimit: 8 } as const;
/** From here on it is held at its limit of power. */
const POWER_HELD = 0.95;
/** Of the memory, what weights and the engine take, and what its key-value cache may. */
const MEMORY = { engine: 0.75, cache: 0.15 } as const;
/** Two all-reduces a layer of deepseek-coder-33b: 62 layers, 7,168 wide, in two bytes. */
const LINK_BYTES_PER_TOKEN = 2 * 62 * 7_168 * 2;
/** DCGM's own fields are read so often at most; who asks sooner hears the same again. */
const INTERVAL_MS = 5_000;
const XID_WINDOW_MS = 300_000;
const XIDS: Readonly<Record<number, string>> = {
  0: "No Error",
  48: "An uncorrectable double bit error (DBE) has occurred",
  74: "NVLINK Error",
  79: "GPU has fallen off the bus",
};

export interface Engines {
  /** Requests at a time. */
  readonly sequencesMax: number;
  /** Fullest key-value cache, from 0 to 1. */
  readonly cacheUsage: () => number;
  /** Tokens read and made since the start. */
  readonly tokens: () => number;
}

interface Figures {
  active: number;
  batch: number;
  watts: number;
  chip: number;
  memory: number;
  joules: number;
  heldSeconds: number;
}

export class SimulatedGpus {
  readonly #count: number;
  readonly #meter: LoadMeter;
  readonly #engines: Engines;
  readonly #host: string;
  #last: Load = { busyMs: 0, sequenceMs: 0 };
  #lastMs: number;
  readonly #figures: Figures = {
    ...{ active: 0, batch: 0, watts: A100.idleWatts, joules: 0, heldSeconds: 0 },
    ...{ chip: A100.idleCelsius, memory: A100.idleCelsius },
  };
  /** Of the first GPU; 0: none since its reset. */
  #xid = 0;
  #xidMs = 0;
  #doubleBits = 0;
  #linkFaults = 0;

  constructor(count: number, meter: LoadMeter, engines: Engines, host = hostname()) {
    this.#count = count;
    this.#meter = meter;
    this.#engines = engines;
    this.#host = host;
    this.#lastMs = meter.nowMs;
  }

  /** The first GPU reports a fault; 0: it was reset, and is well again. */
  fault(xid: number): void {
    this.#xid = xid;
    this.#xidMs = this.#meter.nowMs;
    if (xid === 48) this.#doubleBits += 1;
    if (xid === 74) this.#linkFaults += 1;
  }

  /** The page that an exporter of GPUs would show. */
  render(): string {
    this.#advance();
    return FAMILIES.flatMap(([name, type, help, valuesOf]) => [
      `# HELP DCGM_${name} Simulated: ${help}`,
      `# TYPE DCGM_${name} ${type}`,
      ...Array.from({ length: this.#count }, (_, gpu) =>
        valuesOf(this.#view(gpu)).map(
          ([value, more]) => `DCGM_${name}{${this.#labels(gpu)}${more}} ${value}`,
        ),
      ).flat(),
    ])
      .concat("")
      .join("\n");
  }

  #labels(gpu: number): string {
    const id = hashText(`${this.#host} ${gpu}`, 1).toString(16).padStart(8, "0");
    const uuid = `GPU-simulated-${id}`;
    const bus = `00000000:${(gpu + 1).toString(16).padStart(2, "0").toUpperCase()}:00.0`;
    return (
      `gpu="${gpu}",UUID="${uuid}",pci_bus_id="${bus}",device="nvidia${gpu}",` +
      `modelName="NVIDIA A100-SXM4-40GB (simulated)",Hostname="${this.#host}"`
    );
  }

  #view(gpu: number): View {
    const first = gpu === 0;
    return {
      ...this.#figures,
      // The air has passed the ones before.
      warmer: gpu,
      cacheUsage: this.#engines.cacheUsage(),
      linkBytes: this.#count > 1 ? this.#engines.tokens() * LINK_BYTES_PER_TOKEN : 0,
      xid: first ? this.#xid : 0,
      xidRecent: first && this.#meter.nowMs - this.#xidMs < XID_WINDOW_MS,
      doubleBits: first ? this.#doubleBits : 0,
      linkFaults: first ? this.#linkFaults : 0,
    };
  }

  /** All GPUs of a server share each step (tensor parallel), and so the load. */
  #advance(): void {
    const passedMs = this.#meter.nowMs - this.#lastMs;
    if (passedMs < INTERVAL_MS) return;
    const total = this.#meter.total();
    const busyMs = total.busyMs - this.#last.busyMs;
    const sequenceMs = total.sequenceMs - this.#last.sequenceMs;
    this.#last = total;
    this.#lastMs += passedMs;
    const batch = busyMs === 0 ? 0 : sequenceMs / busyMs / this.#engines.sequencesMax;
    const active = (busyMs / passedMs) * between(KERNEL, batch);
    const seconds = passedMs / 1_000;
    const wish = A100.idleWatts + (A100.limitWatts - A100.idleWatts) * active * (0.6 + 0.4 * batch);
    const watts = Math.min(A100.limitWatts, wish);
    const figures = this.#figures;
    const follow = 1 - Math.exp(-seconds / HEAT_SECONDS);
    const above = watts - A100.idleWatts;
    for (const part of ["chip", "memory"] as const) {
      const aim = A100.idleCelsius + above * CELSIUS_PER_WATT[part];
      figures[part] += (aim - figures[part]) * follow;
    }
    figures.joules += watts * seconds;
    if (watts > POWER_HELD * A100.limitWatts) figures.heldSeconds += seconds;
    Object.assign(figures, { active, batch, watts });
  }
}

interface View extends Readonly<Figures> {
  readonly warmer: number;
  readonly cacheUsage: number;
  readonly linkBytes: number;
  readonly xid: number;
  readonly xidRecent: boolean;
  readonly doubleBits: number;
  readonly linkFaults: number;
}

/** Pairs of a value and of labels beside those of the GPU. */
type Values = (view: View) => (readonly [value: number, labels: string])[];
type Family = readonly [name: string, type: "gauge" | "counter", help: string, values: Values];

function one(name: string, type: Family[1], help: string, of: (view: View) => number): Family {
  return [name, type, help, (view) => [[of(view), ""]]];
}

const never = () => 0;
const usedMebibytes = ({ cacheUsage }: View) =>
  Math.round(A100.memoryMebibytes * (MEMORY.engine + MEMORY.cache * cacheUsage));
const rows = ({ doubleBits }: View) => doubleBits;

/** Those of components/serving/gpu-counters.ts; a test holds the two together. */
const FAMILIES: readonly Family[] = [
  one("FI_DEV_GPU_UTIL", "gauge", "time in which a kernel ran (percent).", ({ active }) =>
    Math.round(100 * active),
  ),
  one("FI_DEV_MEM_COPY_UTIL", "gauge", "time in which memory was used (percent).", ({ active }) =>
    Math.round(100 * active * MEMORY_SHARE),
  ),
  one("FI_DEV_FB_USED", "gauge", "memory in use (MiB).", usedMebibytes),
  one(
    "FI_DEV_FB_FREE",
    "gauge",
    "memory that is free (MiB).",
    (view) => A100.memoryMebibytes - usedMebibytes(view),
  ),
  one("FI_DEV_GPU_TEMP", "gauge", "temperature (degrees Celsius).", ({ chip, warmer }) =>
    Math.round(chip + warmer),
  ),
  one("FI_DEV_MEMORY_TEMP", "gauge", "temperature of memory.", ({ memory, warmer }) =>
    Math.round(memory + warmer),
  ),
  one("FI_DEV_POWER_USAGE", "gauge", "power (watts).", ({ watts }) => rounded(watts)),
  one("FI_DEV_TOTAL_ENERGY_CONSUMPTION", "counter", "energy (mJ).", ({ joules }) =>
    Math.round(joules * 1_000),
  ),
  one("FI_DEV_SM_CLOCK", "gauge", "clock of its processors (MHz).", clock),
  one("FI_DEV_POWER_VIOLATION", "counter", "slowed for its power (us).", ({ heldSeconds }) =>
    Math.round(heldSeconds * 1e6),
  ),
  one("FI_DEV_THERMAL_VIOLATION", "counter", "slowed for its heat (us).", never),
  ["FI_DEV_XID_ERRORS", "gauge", "number of the last fault.", xidErrors],
  ["EXP_XID_ERRORS_COUNT", "gauge", "faults within the window.", xidCount],
  one("FI_DEV_ECC_SBE_VOL_TOTAL", "counter", "single bits mended.", never),
  one("FI_DEV_ECC_DBE_VOL_TOTAL", "counter", "double bits not mended.", rows),
  one("FI_DEV_ECC_DBE_AGG_TOTAL", "counter", "double bits never mended.", rows),
  one("FI_DEV_CORRECTABLE_REMAPPED_ROWS", "counter", "rows replaced, mended.", never),
  one("FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", "counter", "rows replaced, not mended.", rows),
  one("FI_DEV_ROW_REMAP_FAILURE", "gauge", "a row could not be replaced.", never),
  one("FI_DEV_ROW_REMAP_PENDING", "gauge", "rows wait for a reset.", ({ xid }) =>
    xid === 48 ? 1 : 0,
  ),
  one("FI_DEV_PCIE_REPLAY_COUNTER", "counter", "repeats on PCIe.", never),
  one("FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL", "counter", "faults on NVLink (control).", never),
  one(
    "FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL",
    "counter",
    "faults on NVLink (data).",
    ({ linkFaults }) => linkFaults,
  ),
  one(
    "FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL",
    "counter",
    "repeats on NVLink.",
    ({ linkFaults }) => linkFaults,
  ),
  one(
    "FI_DEV_NVLINK_BANDWIDTH_TOTAL",
    "counter",
    "bytes over NVLink.",
    ({ linkBytes }) => linkBytes,
  ),
  one("FI_PROF_GR_ENGINE_ACTIVE", "gauge", "time in which anything ran.", ({ active }) =>
    rounded(active),
  ),
  one("FI_PROF_PIPE_TENSOR_ACTIVE", "gauge", "time of tensor cores.", ({ active, batch }) =>
    rounded(active * between(TENSOR, batch)),
  ),
  one("FI_PROF_DRAM_ACTIVE", "gauge", "time in which memory was used.", ({ active }) =>
    rounded(active * MEMORY_SHARE),
  ),
];

function between({ alone, full }: { alone: number; full: number }, share: number): number {
  return alone + (full - alone) * Math.min(1, share);
}

function rounded(value: number): number {
  return Number(value.toFixed(4));
}

function clock({ active, watts }: View): number {
  if (active === 0) return A100.idleMegahertz;
  const lower = Math.round((CLOCK.stepsAtLimit * watts) / A100.limitWatts);
  return A100.boostMegahertz - CLOCK.step * lower;
}

function xidErrors({ xid }: View): (readonly [number, string])[] {
  return [[xid, `,err_code="${xid}",err_msg="${XIDS[xid] ?? "Unknown Error"}"`]];
}

function xidCount({ xid, xidRecent }: View): (readonly [number, string])[] {
  const recent = xid !== 0 && xidRecent ? 1 : 0;
  return [[recent, `,window_size_in_ms="${XID_WINDOW_MS}",xid="${xid}"`]];
}
