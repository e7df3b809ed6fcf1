/**
 * Numbers that findings are judged by, each with its source. A GPU's own limits, which nvidia-smi tells, go
 * before those below.
 */

/** Where a GPU tells no limits of its own: those that an A100-SXM4-80GB tells through nvidia-smi 535. */
export const TEMPERATURE_LIMITS = {
  slowdownCelsius: 89,
  operatingMaxCelsius: 85,
  memoryMaxCelsius: 95,
} as const;

/** The operator's script: utilisation above 90 % is worth a word; a model server that is used well is there all day. */
export const UTILISATION_NOTE_PERCENT = 90;

/** XIDs of the last day count: whoever is on call has at most one day between two looks. */
export const XID_HOURS = 24;

/** Reasons for a lower clock that are no fault: nothing runs, or what the administrator set. */
export const HARMLESS_THROTTLE: ReadonlySet<string> = new Set([
  "gpu_idle",
  "applications_clocks_setting",
  "display_clocks_setting",
  "display_clock_setting",
  "sync_boost",
]);

/** Ordinary at full load: clocks are held where the power limit is met. */
export const POWER_CAP = "sw_power_cap";

/**
 * What each reason means: NVML API reference, "NvmlClocksEventReasons"
 * (https://docs.nvidia.com/deploy/nvml-api/api/group__nvmlClocksEventReasons.html).
 */
export const THROTTLE_MEANINGS: Readonly<Record<string, string>> = {
  hw_slowdown: "the hardware halves the clock or worse",
  hw_thermal_slowdown: "the hardware halves the clock or worse, since the GPU is too hot",
  sw_thermal_slowdown: "the driver lowers the clock, since the GPU or its memory is too hot",
  hw_power_brake_slowdown: "the server's power supply asked for half the clock or less",
};
