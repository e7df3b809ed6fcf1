/** The verdict for people: a row for each GPU, what is wrong and what helps, what runs. */
import type { Finding, State } from "./finding.ts";
import type { ErrorCounts } from "./gpu.ts";
import type { JudgedGpu, JudgedLost, Verdict } from "./judge.ts";
import { HARMLESS_THROTTLE } from "./thresholds.ts";

const MARKS = { note: "·", degraded: "!", failed: "✗" } as const;
// ANSI: green, yellow, red.
const COLOURS: Readonly<Record<State | "note", string>> = {
  healthy: "32",
  note: "0",
  degraded: "33",
  failed: "31",
};
const UNKNOWN = "–";

const HEAD = [
  "gpu",
  "state",
  "model",
  "address",
  "util",
  "memory GiB",
  "°C (mem)",
  "power W",
  "SM MHz",
  "slowed by",
  "ECC now/life",
  "remapped",
  "XID",
  "MIG",
  "procs",
] as const;

export function renderTable(verdict: Verdict, color: boolean): string {
  const paint = (text: string, state: State | "note") =>
    color ? `\u001b[${COLOURS[state]}m${text}\u001b[0m` : text;
  const gpus = [...verdict.gpus].sort((a, b) => (a.gpu.index ?? 0) - (b.gpu.index ?? 0));
  const rows = [...gpus.map(rowOf), ...verdict.lost.map(lostRow)];
  const states: State[] = [
    ...gpus.map(({ state }) => state),
    ...verdict.lost.map((): State => "failed"),
  ];
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const lines = [
    `driver ${verdict.driver ?? UNKNOWN}, CUDA ${verdict.cuda ?? UNKNOWN}`,
    "",
    line(HEAD),
    ...rows.map((row, index) => paint(line(row), states[index] ?? "healthy")),
    ...section("", findingLines(verdict, gpus, paint)),
    ...section("", instanceLines(gpus)),
    ...section("processes", processLines(gpus)),
    "",
    paint(summary(verdict), verdict.state),
  ];
  return `${lines.join("\n")}\n`;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [];
  return title === "" ? ["", ...lines] : ["", title, ...lines];
}

function rowOf({ gpu, state, xids }: JudgedGpu): readonly string[] {
  const { temperatures, ecc, remapped } = gpu;
  const throttle = gpu.throttle.filter((reason) => !HARMLESS_THROTTLE.has(reason));
  return [
    show(gpu.index),
    state,
    (gpu.name ?? UNKNOWN).replace(/^NVIDIA /, ""),
    gpu.pci,
    gpu.utilisationPercent === null ? UNKNOWN : `${gpu.utilisationPercent} %`,
    `${gib(gpu.memoryUsedMib)}/${gib(gpu.memoryTotalMib)}`,
    temperatures.memoryCelsius === null
      ? show(temperatures.gpuCelsius)
      : `${show(temperatures.gpuCelsius)} (${temperatures.memoryCelsius})`,
    `${whole(gpu.powerWatts)}/${whole(gpu.powerLimitWatts)}`,
    `${show(gpu.smClockMhz)}/${show(gpu.smClockMaxMhz)}`,
    throttle.length === 0
      ? UNKNOWN
      : throttle.map((one) => one.replace(/_slowdown$/, "")).join(","),
    ecc.enabled === false ? "off" : `${errors(ecc.volatile)} / ${errors(ecc.aggregate)}`,
    remappedCell(remapped.correctable, remapped.uncorrectable, remapped.pending, remapped.failed),
    xids.length === 0 ? UNKNOWN : xids.map(({ code, count }) => `${code}×${count}`).join(","),
    gpu.mig.enabled === true
      ? `${gpu.mig.devices.length}`
      : gpu.mig.enabled === false
        ? "off"
        : UNKNOWN,
    `${gpu.processes.length}`,
  ];
}

function lostRow({ lost, xids }: JudgedLost): readonly string[] {
  const cells = HEAD.map(() => UNKNOWN);
  cells[0] = show(lost.index);
  cells[1] = "failed";
  cells[2] = "(lost)";
  cells[3] = lost.pci ?? UNKNOWN;
  if (xids.length > 0) cells[12] = xids.map(({ code, count }) => `${code}×${count}`).join(",");
  return cells;
}

/** Correctable and uncorrectable: `12c 0u`. */
function errors({ correctable, uncorrectable }: ErrorCounts): string {
  return `${show(correctable)}c ${show(uncorrectable)}u`;
}

function remappedCell(
  correctable: number | null,
  uncorrectable: number | null,
  pending: boolean | null,
  failed: boolean | null,
): string {
  if (correctable === null && uncorrectable === null && pending === null) return UNKNOWN;
  const flags = [pending === true ? "pending" : "", failed === true ? "FAILED" : ""];
  return [`${show(correctable)}c ${show(uncorrectable)}u`, ...flags.filter(Boolean)].join(" ");
}

function findingLines(
  verdict: Verdict,
  gpus: readonly JudgedGpu[],
  paint: (text: string, state: State | "note") => string,
): readonly string[] {
  const lines = (who: string, findings: readonly Finding[]) =>
    findings.flatMap(({ level, what, fix }) => [
      paint(`${MARKS[level]} ${who}: ${what}`, level),
      ...(level === "note" ? [] : [`    ${fix}`]),
    ]);
  return [
    ...lines("node", verdict.findings),
    ...gpus.flatMap(({ gpu, findings }) => lines(`GPU ${gpu.index ?? gpu.pci}`, findings)),
    ...verdict.lost.flatMap(({ lost, findings }) =>
      lines(`GPU ${lost.index ?? lost.pci ?? "?"}`, findings),
    ),
  ];
}

function instanceLines(gpus: readonly JudgedGpu[]): readonly string[] {
  return gpus.flatMap(({ gpu }) =>
    gpu.mig.devices.map(
      (one) =>
        `GPU ${show(gpu.index)}, MIG instance ${show(one.gpuInstance)}/${show(one.computeInstance)}: ` +
        `${gib(one.memoryUsedMib)}/${gib(one.memoryTotalMib)} GiB, ${show(one.uncorrectable)} uncorrectable errors`,
    ),
  );
}

function processLines(gpus: readonly JudgedGpu[]): readonly string[] {
  return gpus.flatMap(({ gpu }) =>
    gpu.processes.map(
      ({ pid, type, name, memoryMib }) =>
        `  GPU ${show(gpu.index)}  ${show(pid).padStart(7)}  ${type ?? UNKNOWN}  ${gib(memoryMib).padStart(6)} GiB  ${name ?? UNKNOWN}`,
    ),
  );
}

function summary({ state, gpus, lost, kernelLogRead }: Verdict): string {
  const count = (wanted: State) => gpus.filter((one) => one.state === wanted).length;
  const failed = count("failed") + lost.length;
  const log = kernelLogRead ? "" : "; XIDs unknown";
  return `${state}: ${count("healthy")} healthy, ${count("degraded")} degraded, ${failed} failed${log}`;
}

function show(value: number | null): string {
  return value === null ? UNKNOWN : String(value);
}

function whole(value: number | null): string {
  return value === null ? UNKNOWN : value.toFixed(0);
}

function gib(mib: number | null): string {
  return mib === null ? UNKNOWN : (mib / 1024).toFixed(1);
}
