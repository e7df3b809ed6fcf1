/** Recordings of hosts, well and broken, and what is said of them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { UserError } from "../base/user-error.ts";
import { readRecording } from "./sources.ts";
import { HEALTHY_XML, recording, verdictOf, verdictOver } from "./test-recordings.ts";

/** Words of all findings that are more than a note, of all GPUs. */
function faults({ gpus, lost, findings }: Awaited<ReturnType<typeof verdictOf>>): string[] {
  const all = [
    ...findings,
    ...gpus.flatMap((one) => one.findings),
    ...lost.flatMap((one) => one.findings),
  ];
  return all.filter(({ level }) => level !== "note").map(({ code }) => code);
}

test.each([
  ["healthy", "healthy", []],
  ["recorded-idle", "healthy", []],
  ["recorded-load", "healthy", []],
  ["mig", "healthy", []],
  ["lost", "failed", ["lost", "xid79"]],
  ["row-remap-failed", "failed", ["rowRemapFailed", "spareRowsUsedUp", "xid64"]],
  [
    "ecc-uncorrectable",
    "degraded",
    ["drainRecommended", "rowRemapPending", "eccUncorrectable", "xid63", "xid94"],
  ],
  ["thermal", "degraded", ["hot", "throttled"]],
  ["recovery", "failed", ["recoveryAction", "eccUncorrectable", "sramThresholdExceeded", "xid154"]],
])("%s: %s", async (name, state, codes) => {
  const verdict = await verdictOf(name);
  expect([verdict.state, faults(verdict)]).toEqual([state, codes]);
});

test("a recording of a real GPU at work has the values that it had", async () => {
  const { gpus } = await verdictOf("recorded-load");
  expect(gpus.map(({ gpu }) => gpu.name)).toEqual(["NVIDIA H200"]);
  expect(gpus[0]?.gpu).toMatchObject({ powerLimitWatts: 700, utilisationPercent: 99 });
  expect(gpus[0]?.gpu.processes).toHaveLength(1);
  expect(gpus[0]?.findings.map(({ level }) => level)).not.toContain("failed");
});

test("the other GPUs of a host that lost one are still told, those behind it by their fields", async () => {
  const { gpus, lost } = await verdictOf("lost");
  expect(gpus.map(({ gpu, state }) => [gpu.index, state])).toEqual(
    [0, 1, 2, 3, 4, 6, 7].map((index) => [index, "healthy"]),
  );
  expect(lost.map(({ lost: one }) => one.pci)).toEqual(["0000:90:00"]);
});

test("values of every document type are the same values", async () => {
  const values = await Promise.all(
    ["thermal", "healthy", "recovery"].map(async (name) => {
      const gpu = (await verdictOf(name)).gpus.at(name === "healthy" ? 7 : 0)?.gpu;
      return [
        gpu?.powerWatts,
        gpu?.powerLimitWatts,
        gpu?.throttle,
        gpu?.ecc.volatile,
        gpu?.remapped.pending,
        gpu?.temperatures.slowdownCelsius,
      ];
    }),
  );
  const expected = [62.31, 400, ["gpu_idle"], { correctable: 0, uncorrectable: 0 }, false, 89];
  expect(values).toEqual([expected, expected, expected]);
});

test("GPUs before Ampere count single and double bits, and set pages aside", () => {
  const xml = `<nvidia_smi_log><driver_version>418.87.01</driver_version><gpu id="00000000:3B:00.0">
    <product_name>Tesla V100-SXM2-32GB</product_name><fb_memory_usage><total>32480 MiB</total></fb_memory_usage>
    <ecc_errors><volatile>
      <single_bit><device_memory>7</device_memory><total>7</total></single_bit>
      <double_bit><device_memory>2</device_memory><total>2</total></double_bit></volatile></ecc_errors>
    <retired_pages><pending_retirement>Yes</pending_retirement></retired_pages></gpu></nvidia_smi_log>`;
  const verdict = verdictOver({ xml });
  expect(verdict.gpus[0]?.gpu.ecc.volatile).toEqual({ correctable: 7, uncorrectable: 2 });
  expect(faults(verdict)).toEqual(["rowRemapPending", "eccUncorrectable"]);
});

// Each rule is shown to catch: the healthy host with one text changed in its first GPU.
test.each([
  ["<remapped_row_pending>No<", "<remapped_row_pending>Yes<", "rowRemapPending"],
  ["<remapped_row_failure>No<", "<remapped_row_failure>Yes<", "rowRemapFailed"],
  ["<sram_uncorrectable>0<", "<sram_uncorrectable>1<", "eccUncorrectable"],
  ["<current_ecc>Enabled<", "<current_ecc>Disabled<", "eccOff"],
  ["<reset_required>No<", "<reset_required>Yes<", "resetRequired"],
  ["<gpu_temp>61 C<", "<gpu_temp>89 C<", "hot"],
  ["<gpu_temp>61 C<", "<gpu_temp>85 C<", "hot"],
  ["<memory_temp>70 C<", "<memory_temp>95 C<", "hot"],
  ["hw_power_brake_slowdown>Not Active<", "hw_power_brake_slowdown>Active<", "throttled"],
  ["sw_thermal_slowdown>Not Active<", "sw_thermal_slowdown>Active<", "throttled"],
  ["<current_link_width>16x<", "<current_link_width>8x<", "linkNarrow"],
  ["<gpu_temp>61 C<", "<gpu_temp>GPU is lost<", "lost"],
  ["<gpu_util>97 %<", "<gpu_util>GPU requires reset<", "resetRequired"],
  ["<gpu_util>97 %<", "<gpu_util>[Unknown Error]<", "unreadable"],
])("%s → %s is caught as %s", (before, after, code) => {
  expect(HEALTHY_XML).toContain(before);
  expect(faults(verdictOver({ xml: HEALTHY_XML.replace(before, after) }))).toContain(code);
});

test.each([
  ["<gpu_temp>61 C<", "<gpu_temp>84 C<"],
  ["<memory_temp>70 C<", "<memory_temp>94 C<"],
  ["<dram_correctable>0<", "<dram_correctable>400<"],
  ["<fan_speed>N/A<", "<fan_speed>[Not Supported]<"],
  ["<gpu_util>97 %<", "<gpu_util>N/A<"],
  ["<memory_temp>70 C<", "<memory_temp>Requested functionality has been deprecated<"],
])("%s → %s is no fault", (before, after) => {
  expect(faults(verdictOver({ xml: HEALTHY_XML.replace(before, after) }))).toEqual([]);
});

test("newer GPUs tell a distance to their limit", () => {
  const at = (distance: number) =>
    faults(
      verdictOver({
        xml: HEALTHY_XML.replace(
          "<gpu_temp>61 C</gpu_temp>",
          `<gpu_temp>87 C</gpu_temp><gpu_temp_tlimit>${distance} C</gpu_temp_tlimit>`,
        ),
      }),
    );
  expect([at(1), at(0), at(-2)]).toEqual([[], ["hot"], ["hot"]]);
});

test("fewer GPUs than expected are a failure, more are not", async () => {
  const state = async (gpus: number) => (await verdictOf("healthy", { gpus, xidHours: 24 })).state;
  expect([await state(9), await state(8), await state(4)]).toEqual([
    "failed",
    "healthy",
    "healthy",
  ]);
});

test.each([
  "Unable to determine the device handle for GPU 0000:05:00.0: GPU is lost.  Reboot the system to recover this GPU",
  "Unable to determine the device handle for GPU1: 0000:05:00.0: Unknown Error",
  "Unable to determine the device handle for gpu 0000:05:00.0: Unknown Error",
  "Unable to determine the device handle for GPU0000:05:00.0: Unknown Error",
])("a lost GPU is known by any of its messages: %s", (message) => {
  for (const texts of [{ xmlErrors: message }, { xml: `${message}\n${HEALTHY_XML}` }]) {
    const { state, lost } = verdictOver({ xml: HEALTHY_XML, ...texts });
    expect([state, lost[0]?.lost.pci]).toEqual(["failed", "0000:05:00"]);
  }
});

test("a lost GPU without an address is known by its number", () => {
  const message = "Unable to determine the device handle for GPU 3: Unknown Error";
  const { lost } = verdictOver({ xml: HEALTHY_XML, xmlErrors: message });
  expect(lost.map(({ lost: one }) => [one.index, one.reason])).toEqual([[3, "Unknown Error"]]);
});

test("a damaged infoROM is said of its GPU", () => {
  const xmlErrors = "WARNING: infoROM is corrupted at gpu 0000:0F:00.0";
  const { gpus } = verdictOver({ xml: HEALTHY_XML, xmlErrors });
  expect(gpus.filter(({ state }) => state === "degraded").map(({ gpu }) => gpu.index)).toEqual([1]);
});

test("XIDs: old ones do not count, undated ones do, unknown ones are looked at, programs' are notes", () => {
  const at = (prefix: string, code: number, hours = 24) =>
    verdictOver(
      {
        xml: HEALTHY_XML,
        kernelLog: `${prefix}NVRM: Xid (PCI:0000:07:00): ${code}, pid=1, name=x, text`,
        takenAt: new Date("2026-11-26T08:00:00Z"),
      },
      { gpus: null, xidHours: hours },
    ).state;
  expect(at("2026-11-26T10:00:00+0200 n kernel: ", 79)).toBe("failed");
  expect(at("2026-11-25T07:59:59,123456+00:00 ", 79)).toBe("healthy");
  expect(at("2026-11-25T07:59:59,123456+00:00 ", 79, 25)).toBe("failed");
  expect(at("[  269.516977] ", 79)).toBe("failed");
  expect(at("", 999)).toBe("degraded");
  expect(at("", 13)).toBe("healthy");
  // No row is pending in this host: the reset that XID 63 asks for was made.
  expect(at("", 63)).toBe("healthy");
});

test("a fatal SXID of a switch fails the node, another degrades it", () => {
  const at = (word: string) =>
    verdictOver({
      xml: HEALTHY_XML,
      kernelLog: `nvidia-nvswitch3: SXid (PCI:0000:c1:00.0): 28006, ${word}, Link 46 first`,
    }).state;
  expect([at("Fatal"), at("Non-fatal")]).toEqual(["failed", "degraded"]);
});

test.each([
  [
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
    "does not answer",
  ],
  ["Failed to initialize NVML: Driver/library version mismatch", "different versions"],
  ["No devices were found", "finds no GPU"],
  ["Segmentation fault", "something else than GPUs"],
  ["", "wrote nothing"],
])("without GPUs it says why: %s", (xml, what) => {
  expect(() => verdictOver({ xml })).toThrow(new RegExp(what));
});

test("an answer without its end is refused with the place where it ends", async () => {
  await expect(verdictOf("truncated")).rejects.toThrow(/2 whole GPUs, without <\/nvidia_smi_log>/);
});

test("names of processes need not be XML", () => {
  const xml = HEALTHY_XML.replace("VLLM::Worker_TP0", "a & b \u0001 &amp; c");
  expect(verdictOver({ xml }).gpus[0]?.gpu.processes[0]?.name).toBe("a & b ? & c");
});

test("whatever is damaged, the answer is a verdict or a UserError", async () => {
  const { xml } = await readRecording(recording("ecc-uncorrectable"));
  fc.assert(
    fc.property(
      fc.nat(xml.length),
      fc.nat(60),
      fc.string({ maxLength: 40, unit: "binary" }),
      (start, length, text) => {
        try {
          verdictOver({ xml: xml.slice(0, start) + text + xml.slice(start + length) });
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
      },
    ),
    { numRuns: 100 },
  );
});
