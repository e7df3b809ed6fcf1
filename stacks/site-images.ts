/** Every image that a pod of a site names: what a registry must hold, and what must be locked. Pure. */
import { imageReference } from "../config/images.ts";
import type { ImageName, Settings } from "../config/schema.ts";
import { hasAlertRelay } from "./alert-arguments.ts";
import { isArchived } from "./archive-arguments.ts";
import { isRestoreTested } from "./restore-arguments.ts";
import { hasFabric, hasGpuDaemons, isOnGpus } from "./site-models.ts";
import { hasPostgresCluster, isManaged } from "./store-arguments.ts";
import { isWatchedElsewhere } from "./watcher.ts";

export function imagesOf(settings: Settings): ImageName[] {
  const { models, postgres } = settings;
  const { logs, traces } = settings.monitoring;
  const managed = isManaged(settings);
  const engines = models.map(({ server }) => server.engine);
  const onGpus = models.some(isOnGpus);
  const ours = hasGpuDaemons(settings);
  const when = (condition: boolean, ...names: ImageName[]) => (condition ? names : []);
  return [
    ...(["gateway", "edge", "edge-exporter"] as const),
    ...when(!isWatchedElsewhere(settings), "prometheus", "alertmanager"),
    ...when(hasAlertRelay(settings), "alert-relay"),
    ...when(!managed, "redis", "redis-exporter"),
    ...when(!managed && postgres.kind === "pod", "postgres", "postgres-exporter"),
    ...when(hasPostgresCluster(settings), "postgres-cluster"),
    ...when(isArchived(settings), "audit-archive"),
    ...when(isRestoreTested(settings), "restore-test"),
    ...when(logs !== undefined || traces !== undefined, "collector"),
    ...when(settings.monitoring.grafana?.deployment !== undefined, "grafana"),
    ...when(engines.includes("simulator"), "simulator"),
    ...when(engines.includes("vllm"), "vllm"),
    ...when(engines.includes("ray"), "ray"),
    ...when(onGpus, "weights"),
    ...when(ours, "device-plugin", "dcgm-exporter"),
    ...when(ours && hasFabric(settings), "efa-plugin"),
  ];
}

/** Of those that come from `registry`, the repositories in it, without tags. */
export function repositoriesIn(settings: Settings, registry: string): string[] {
  const paths = imagesOf(settings)
    .map((name) => imageReference(settings, name))
    .filter((reference) => reference.startsWith(`${registry}/`))
    .map((reference) => reference.slice(registry.length + 1).replace(/[:@].*$/, ""));
  return [...new Set(paths)];
}
