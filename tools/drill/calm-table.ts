/** What an ordinary stretch showed, for people. Pure. */
import type { CalmFigures } from "./calm.ts";
import { panelLines } from "./panels.ts";

export function calmTable(figures: CalmFigures): string {
  const { minutes, tally, failed, done, alarms, pending, panels, watching } = figures;
  const calls = [...tally.values()].reduce((sum, count) => sum + count, 0);
  return [
    `${minutes} minutes, ${calls} calls; meanwhile ${done.join(", ")}.`,
    ...[...tally].sort().map(([end, count]) => `  ${String(count).padStart(7)}  ${end}`),
    "",
    failed.length === 0 ? "Every call ended as it should." : "Calls that should not end so:",
    ...failed.map(([end, count]) => `✗ ${end} (${count} times)`),
    alarms.length === 0 ? "No false alarm." : "False alarms:",
    ...alarms.map(
      ({ alert, labels, firstAt, seconds }) =>
        `✗ ${alert} at ${firstAt} for ${seconds} s ${JSON.stringify(labels)}`,
    ),
    ...(pending.length === 0 ? [] : [`Waited and were not sent: ${pending.join(", ")}.`]),
    "",
    ...panelLines(panels),
    "",
    ...watchingLines(watching),
    "",
  ].join("\n");
}

function watchingLines(watching: CalmFigures["watching"]): string[] {
  const { series, samplesPerSecond, residentMebibytes, processors, jobs } = watching;
  return [
    `Watching costs ${series} series, ${samplesPerSecond.toFixed(0)} samples a second, ` +
      `${residentMebibytes.toFixed(0)} MiB, ${processors.toFixed(3)} processors; ` +
      `the slowest group of rules took ${(watching.slowestRulesSeconds * 1000).toFixed(0)} ms.`,
    ...jobs.map((one) => `  ${one.job.padEnd(14)} ${one.targets} targets, ${one.series} series`),
  ];
}
