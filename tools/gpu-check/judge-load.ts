/** Heat, clocks, links and load of a GPU. */
import type { Finding } from "./finding.ts";
import type { Gpu } from "./gpu.ts";
import {
  HARMLESS_THROTTLE,
  POWER_CAP,
  TEMPERATURE_LIMITS,
  THROTTLE_MEANINGS,
  UTILISATION_NOTE_PERCENT,
} from "./thresholds.ts";

const COOL =
  "check fans, filters and the temperature of the room; take load away until it is cooler";

export function judgeLoad(gpu: Gpu): readonly Finding[] {
  return [...judgeHeat(gpu), ...judgeThrottle(gpu), ...judgeLinks(gpu), ...judgeUse(gpu)];
}

function judgeHeat({ temperatures: seen }: Gpu): readonly Finding[] {
  const findings: Finding[] = [];
  const hot = (what: string) => findings.push({ level: "degraded", code: "hot", what, fix: COOL });
  const { gpuCelsius, headroomCelsius } = seen;
  if (headroomCelsius !== null) {
    // Newer GPUs tell how far they are from their limit: 0 is the highest temperature to work at.
    if (headroomCelsius <= 0)
      hot(`${gpuCelsius ?? "?"} °C, at its limit (T.Limit ${headroomCelsius} °C)`);
  } else if (gpuCelsius !== null) {
    const slowdown = seen.slowdownCelsius ?? TEMPERATURE_LIMITS.slowdownCelsius;
    const most = seen.operatingMaxCelsius ?? TEMPERATURE_LIMITS.operatingMaxCelsius;
    if (gpuCelsius >= slowdown) hot(`${gpuCelsius} °C: it slows down from ${slowdown} °C on`);
    else if (gpuCelsius >= most) hot(`${gpuCelsius} °C: at or above ${most} °C, its most at work`);
  }
  const memoryMost = seen.memoryMaxCelsius ?? TEMPERATURE_LIMITS.memoryMaxCelsius;
  if (seen.memoryCelsius !== null && seen.memoryCelsius >= memoryMost) {
    hot(`memory ${seen.memoryCelsius} °C: at or above ${memoryMost} °C, its most at work`);
  }
  return findings;
}

function judgeThrottle({ throttle }: Gpu): readonly Finding[] {
  // The general reason is set together with its special ones.
  const special = throttle.filter((reason) => /^hw_.+_slowdown$/.test(reason));
  return throttle
    .filter((reason) => !HARMLESS_THROTTLE.has(reason))
    .filter((reason) => reason !== "hw_slowdown" || special.length === 0)
    .map((reason) =>
      reason === POWER_CAP
        ? {
            level: "note",
            code: "powerCap",
            what: "clocks are held at the power limit, which is ordinary at full load",
            fix: "nothing; `nvidia-smi -q -d POWER` shows the limit",
          }
        : {
            level: "degraded",
            code: "throttled",
            what: `slowed down (${reason}): ${THROTTLE_MEANINGS[reason] ?? "a reason that is not in our table"}`,
            fix: reason.includes("power")
              ? "check the server's power supplies and their limits"
              : COOL,
          },
    );
}

function judgeLinks(gpu: Gpu): readonly Finding[] {
  const findings: Finding[] = [];
  const { linkWidth, linkWidthMax, fabricState, fabricStatus } = gpu;
  // The generation is lowered when idle to save power; lanes are not, they fail.
  if (linkWidth !== null && linkWidthMax !== null && linkWidth < linkWidthMax) {
    findings.push({
      level: "degraded",
      code: "linkNarrow",
      what: `PCIe runs on ${linkWidth} of ${linkWidthMax} lanes`,
      fix: "reseat the GPU or its riser; look for PCIe errors in `dmesg`",
    });
  }
  if (fabricState?.toLowerCase() === "completed" && fabricStatus?.toLowerCase() !== "success") {
    findings.push({
      level: "degraded",
      code: "fabric",
      what: `it could not join the NVLink fabric: ${fabricStatus ?? "no status"}`,
      fix: "look at the fabric manager's log (`journalctl -u nvidia-fabricmanager`)",
    });
  }
  return findings;
}

function judgeUse({ utilisationPercent, persistence }: Gpu): readonly Finding[] {
  const findings: Finding[] = [];
  if (utilisationPercent !== null && utilisationPercent > UTILISATION_NOTE_PERCENT) {
    findings.push({
      level: "note",
      code: "busy",
      what: `utilisation ${utilisationPercent} %, above ${UTILISATION_NOTE_PERCENT} %`,
      fix: "nothing, if its model server has work; queues and latencies say whether it is too much",
    });
  }
  if (persistence === false) {
    findings.push({
      level: "note",
      code: "persistenceOff",
      what: "the driver is unloaded when nothing runs: the next start takes longer, counters start anew",
      fix: "enable nvidia-persistenced",
    });
  }
  return findings;
}
