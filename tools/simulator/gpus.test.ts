/** Simulated GPUs tell of the load of their server, and say that they are simulated. */
import { expect, test } from "vitest";
import { GPU_COUNTER_NAMES } from "../../components/serving/gpu-counters.ts";
import { GPU_METRICS } from "../../observability/catalogue/gpu.ts";
import { expositionFaults, strangers } from "../../observability/test-exposition.ts";
import { SimulatedGpus } from "./gpus.ts";
import { LoadMeter } from "./load-meter.ts";
import { PrefixCache } from "./prefix-cache.ts";

function server(count = 1) {
  let now = 0;
  let cache = 0;
  const meter = new LoadMeter(() => now);
  const engines = { sequencesMax: 10, cacheUsage: () => cache, tokens: () => 100 };
  const gpus = new SimulatedGpus(count, meter, engines, "model-a-0");
  const value = (name: string, page = gpus.render(), gpu = 0) => {
    const found = new RegExp(`^DCGM_FI_${name}\\{gpu="${gpu}".*\\} (\\S+)$`, "m").exec(page);
    return Number(found?.[1]);
  };
  const pass = (seconds: number, sequences: number, usage = 0) => {
    for (let one = 0; one < sequences; one += 1) meter.enter();
    now += seconds * 1_000;
    for (let one = 0; one < sequences; one += 1) meter.leave();
    cache = usage;
    return gpus.render();
  };
  return { gpus, value, pass };
}

test("each is told of by every counter of our list, with the catalogue's types and labels", () => {
  const page = server(2).gpus.render();
  expect(expositionFaults(page, GPU_METRICS)).toEqual([]);
  expect(strangers(page, /^DCGM_/, GPU_METRICS)).toEqual([]);
  for (const name of GPU_COUNTER_NAMES) {
    expect(page.match(new RegExp(`^${name}\\{`, "gm")), name).toHaveLength(2);
  }
});

test("every series and every help says that it is simulated", () => {
  const lines = server(2).gpus.render().trim().split("\n");
  const told = lines.filter((line) => !line.startsWith("# TYPE"));
  expect(told.filter((line) => !/UUID="GPU-simulated-|^# HELP \S+ Simulated: /.test(line))).toEqual(
    [],
  );
  expect(new Set(lines.join("").match(/GPU-simulated-\w+/g)).size).toBe(2);
});

test("use, power, heat, clock and memory follow the load, and come back without it", () => {
  const { value, pass } = server();
  const idle = pass(60, 0);
  const [some, full] = [pass(60, 1, 0.1), pass(600, 10, 1)];
  const back = pass(3_600, 0);
  for (const name of ["DEV_GPU_UTIL", "DEV_POWER_USAGE", "DEV_GPU_TEMP", "DEV_MEMORY_TEMP"]) {
    const [a, b, c, d] = [idle, some, full, back].map((page) => value(name, page));
    expect([name, Number(a) < Number(b), Number(b) < Number(c), d]).toEqual([name, true, true, a]);
  }
  expect(value("DEV_SM_CLOCK", idle)).toBeLessThan(value("DEV_SM_CLOCK", full));
  expect(value("DEV_SM_CLOCK", full)).toBeLessThan(value("DEV_SM_CLOCK", some));
  expect(value("DEV_FB_USED", full)).toBeGreaterThan(value("DEV_FB_USED", some));
  for (const page of [idle, full]) {
    expect(value("DEV_FB_USED", page) + value("DEV_FB_FREE", page)).toBe(40_960);
  }
});

test("nothing leaves an A100's bounds, and alerts about heat have no cause", () => {
  const { value, pass } = server(8);
  const page = pass(36_000, 50, 5);
  expect(value("DEV_GPU_UTIL", page)).toBeLessThanOrEqual(100);
  expect(value("DEV_POWER_USAGE", page)).toBeLessThanOrEqual(400);
  expect(value("DEV_GPU_TEMP", page, 7)).toBeLessThanOrEqual(85);
  expect(value("DEV_MEMORY_TEMP", page, 7)).toBeLessThanOrEqual(95);
  expect(value("DEV_THERMAL_VIOLATION", page)).toBe(0);
  expect(value("DEV_POWER_VIOLATION", page)).toBe(36_000e6);
});

test("who asks again within five seconds hears the same", () => {
  const { value, pass } = server();
  pass(10, 1);
  expect(value("DEV_GPU_UTIL", pass(4, 0))).toBe(82);
  expect(value("DEV_GPU_UTIL", pass(4, 0))).toBe(0);
});

test("energy is what power was over time", () => {
  const { value, pass } = server();
  expect(value("DEV_TOTAL_ENERGY_CONSUMPTION", pass(100, 0))).toBe(55 * 100 * 1_000);
});

test("a fault is of the first GPU, moves what belongs to it, and ends with the reset", () => {
  const { gpus, value } = server(2);
  const xids = (page: string) => page.match(/^DCGM_FI_DEV_XID_ERRORS\{.*$/gm) ?? [];
  gpus.fault(48);
  const page = gpus.render();
  const [first = "", second = ""] = xids(page);
  expect(first).toMatch(/gpu="0".*err_code="48".*\} 48$/);
  expect(second).toMatch(/gpu="1".*err_code="0".*\} 0$/);
  expect(page).toMatch(/^DCGM_EXP_XID_ERRORS_COUNT\{gpu="0".*xid="48"\} 1$/m);
  for (const name of ["DEV_ECC_DBE_VOL_TOTAL", "DEV_ROW_REMAP_PENDING"]) {
    expect([value(name, page, 0), value(name, page, 1)]).toEqual([1, 0]);
  }
  gpus.fault(0);
  const after = gpus.render();
  expect(xids(after)[0]).toMatch(/err_code="0".*\} 0$/);
  expect([value("DEV_ROW_REMAP_PENDING", after), value("DEV_ECC_DBE_VOL_TOTAL", after)]).toEqual([
    0, 1,
  ]);
});

test("a beginning that was asked before is held, the same words elsewhere are not", () => {
  const cache = new PrefixCache();
  const [one, two] = ["a".repeat(64), "b".repeat(64)];
  expect(cache.hits(one + two)).toBe(0);
  expect(cache.hits(one + two)).toBe(32);
  expect(cache.hits(`${one}else`)).toBe(16);
  expect(cache.hits(two + one)).toBe(0);
  for (let other = 0; other < 5_000; other += 1) cache.hits(`${other}`.padEnd(64, "c"));
  expect(cache.hits(one)).toBe(0);
});
