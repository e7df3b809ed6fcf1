/** What kubelet and Prometheus are told of the restore test. */
import { type AnswerTo, exposition, type Sample } from "../base/watch-server.ts";
import { isGood, type RestoreRecord } from "./record.ts";
import type { Tester } from "./tester.ts";

export function answersOf(tester: Tester, everyMs: number): AnswerTo {
  return (url) => {
    if (url === "/livez" || url === "/readyz") return [200, "well\n"];
    if (url === "/metrics") return [200, exposition(samplesOf(tester, everyMs))];
    return [404, "there is /livez, /readyz and /metrics\n"];
  };
}

/** Before the first good test its age is counted from the first start: what never was is late, too. */
function samplesOf({ last, lastGood, firstMs }: Tester, everyMs: number): Sample[] {
  const goodMs = lastGood === undefined ? firstMs : Date.parse(lastGood.ended);
  const figures = lastGood?.figures ?? {};
  const gauge = (name: string, help: string, value: number): Sample => [name, "gauge", help, value];
  return [
    gauge(
      "restore_test_last_success_timestamp_seconds",
      "When a restore last succeeded; before the first one, when testing began.",
      Math.floor(goodMs / 1_000),
    ),
    gauge(
      "restore_test_last_run_success",
      "1: the last restore succeeded, or none was tried yet.",
      last === undefined || isGood(last) ? 1 : 0,
    ),
    gauge("restore_test_interval_seconds", "How often a restore is tried.", everyMs / 1_000),
    gauge(
      "restore_test_duration_seconds",
      "How long the last good restore took, from the first byte to the last answer.",
      lastGood === undefined ? 0 : between(lastGood.begun, lastGood.ended),
    ),
    gauge(
      "restore_test_data_loss_seconds",
      "How old the newest change in it was when the restore began.",
      lastGood === undefined ? 0 : lossOf(lastGood),
    ),
    gauge(
      "restore_test_rows",
      "Rows of the ledger in the last good restore.",
      figures["ledgerRows"] ?? 0,
    ),
  ];
}

function lossOf({ dataUntil, begun }: RestoreRecord): number {
  return Math.max(0, between(dataUntil, begun));
}

function between(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1_000;
}
