/**
 * `nvidia-smi --query-gpu=… --format=csv,nounits`: what the XML of some drivers lacks (the number under
 * which nvidia-smi and CUDA know a GPU, sums of errors), and the GPUs that are left where a lost one
 * leaves no XML at all.
 */
import type { Gpu } from "./gpu.ts";
import { numberOf, pciKey, wordOf } from "./reading.ts";

export const FIELDS = [
  "index",
  "uuid",
  "pci.bus_id",
  "name",
  "utilization.gpu",
  "memory.total",
  "memory.used",
  "temperature.gpu",
  "power.draw",
  "power.limit",
  "clocks.sm",
  "ecc.mode.current",
  "ecc.errors.corrected.volatile.total",
  "ecc.errors.uncorrected.volatile.total",
  "ecc.errors.corrected.aggregate.total",
  "ecc.errors.uncorrected.aggregate.total",
] as const;

export type FieldRow = ReadonlyMap<string, string>;

/** Rows under the header line; empty where nvidia-smi refused the question. */
export function readFields(output: string): readonly FieldRow[] {
  const lines = output.split("\n").filter((line) => line.includes(","));
  const [head, ...rows] = lines;
  // Units stand behind the names: `memory.total [MiB]`.
  const names = split(head ?? "").map((name) => name.replace(/\s*\[.*\]$/, ""));
  if (!names.includes("uuid")) return [];
  return rows
    .map((row) => new Map(split(row).map((value, position) => [names[position] ?? "", value])))
    .filter((row) => row.size === names.length);
}

/** Fills what the XML left open; the XML's own values stay. */
export function withFields(gpu: Gpu, rows: readonly FieldRow[]): Gpu {
  const row = rows.find(
    (one) =>
      (gpu.uuid !== null && one.get("uuid") === gpu.uuid) ||
      pciKey(one.get("pci.bus_id") ?? "") === gpu.pci,
  );
  if (row === undefined) return gpu;
  const number = (name: string) => numberOf(row.get(name) ?? null);
  const errors = (scope: "volatile" | "aggregate") => ({
    correctable: gpu.ecc[scope].correctable ?? number(`ecc.errors.corrected.${scope}.total`),
    uncorrectable: gpu.ecc[scope].uncorrectable ?? number(`ecc.errors.uncorrected.${scope}.total`),
  });
  return {
    ...gpu,
    index: number("index") ?? gpu.index,
    utilisationPercent: gpu.utilisationPercent ?? number("utilization.gpu"),
    memoryTotalMib: gpu.memoryTotalMib ?? number("memory.total"),
    memoryUsedMib: gpu.memoryUsedMib ?? number("memory.used"),
    powerWatts: gpu.powerWatts ?? number("power.draw"),
    powerLimitWatts: gpu.powerLimitWatts ?? number("power.limit"),
    smClockMhz: gpu.smClockMhz ?? number("clocks.sm"),
    temperatures: {
      ...gpu.temperatures,
      gpuCelsius: gpu.temperatures.gpuCelsius ?? number("temperature.gpu"),
    },
    ecc: { ...gpu.ecc, volatile: errors("volatile"), aggregate: errors("aggregate") },
  };
}

/** The address and name of a GPU that only these rows know. */
export function identityOf(row: FieldRow): Pick<Gpu, "index" | "uuid" | "pci" | "name"> {
  return {
    index: numberOf(row.get("index") ?? null),
    uuid: wordOf(row.get("uuid") ?? null),
    pci: pciKey(row.get("pci.bus_id") ?? ""),
    name: wordOf(row.get("name") ?? null),
  };
}

function split(line: string): readonly string[] {
  return line.split(",").map((value) => value.trim());
}
