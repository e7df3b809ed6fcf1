/**
 * What kubelet and Prometheus ask. Ready means that it has looked at the trail, not that the archive
 * answers: a sidecar that is not ready takes its pod out of service, and an archive that is away for
 * an hour must not stop a gateway whose trail is whole on its own disk. That is what the metrics are for.
 */
import { type AnswerTo, exposition, type Sample } from "../base/watch-server.ts";
import type { Archiver } from "./archiver.ts";

export function answersOf(archiver: Archiver): AnswerTo {
  return (url) => answerTo(url, archiver);
}

function answerTo(url: string, archiver: Archiver): readonly [number, string] {
  if (url === "/livez") return [200, "alive\n"];
  if (url === "/readyz") {
    return archiver.standing === null ? [503, "has not looked yet\n"] : [200, "ready\n"];
  }
  if (url === "/metrics") return [200, metricsOf(archiver)];
  return [404, "there is /livez, /readyz and /metrics\n"];
}

function metricsOf({ standing, shippedTotal, faultsTotal }: Archiver): string {
  const samples: readonly Sample[] = [
    [
      "audit_archive_pending_segments",
      "gauge",
      "Segments of the audit trail that are not archived.",
      standing?.pending ?? 0,
    ],
    [
      "audit_archive_oldest_pending_seconds",
      "gauge",
      "For how long the oldest of them waits.",
      standing?.oldestSeconds ?? 0,
    ],
    [
      "audit_archive_late_days",
      "gauge",
      "Days of which something waits for longer than it may.",
      standing?.late.length ?? 0,
    ],
    [
      "audit_archive_shipped_total",
      "counter",
      "Segments archived, also those that were there already.",
      shippedTotal,
    ],
    [
      "audit_archive_faults_total",
      "counter",
      "Segments that a round could not archive.",
      faultsTotal,
    ],
  ];
  return exposition(samples);
}
