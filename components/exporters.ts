/**
 * The exporters beside nginx, Redis and PostgreSQL: each a companion container that asks its program
 * inside the pod and answers Prometheus with TLS 1.3, and the Service by which it is found. Pure.
 */
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { TLS_FOLDER } from "./certificates.ts";
import type { Container } from "./pod-template.ts";
import { EXPORTER_USER as POSTGRES_USER } from "./postgres-configuration.ts";
import { EXPORTER_USER as REDIS_USER, redisSocket } from "./redis-configuration.ts";
import type { PasswordPlace } from "./secret-data.ts";
import { probeBudget } from "./sizing/probes.ts";
import { service } from "./stateful-program.ts";

/** The exporters' usual ports; nginx's own serves its exporter's, see `edgeExporter`. */
export const METRICS_PORTS = { edge: 9113, redis: 9121, postgres: 9187 } as const;
/** Within the edge's pod only: nginx's counters, and the exporter that reads them. */
export const EDGE_LOOPBACK = { status: 9111, exporter: 9112 } as const;
/** Resident sets of 9 to 16 MiB were measured in exporters.cluster.test.ts; no setting. */
export const EXPORTER_RESOURCES = { cpu: "10m", memory: "64Mi" } as const;
/** Go's own wall below the container's: it collects before the kernel ends it. */
const ENVIRONMENT = { GOMEMLIMIT: "48MiB", GOMAXPROCS: "1" };
const METRICS = "metrics";
const START_SECONDS = 1;

/**
 * nginx's exporter cannot be held to TLS 1.3 (it has no setting for it), so it listens on the pod's
 * loopback and nginx itself answers in front of it.
 */
export function edgeExporter(image: pulumi.Input<string>): Container {
  return {
    name: "edge-exporter",
    image,
    args: [
      `-nginx.scrape-uri=http://127.0.0.1:${EDGE_LOOPBACK.status}/status`,
      `-web.listen-address=127.0.0.1:${EDGE_LOOPBACK.exporter}`,
      // Both containers start at once, and it gives up when nginx is not there yet.
      "-nginx.retries=60",
      "-nginx.retry-interval=1s",
    ],
    environment: ENVIRONMENT,
    ports: {},
    resources: EXPORTER_RESOURCES,
    mounts: [],
    health: health(METRICS_PORTS.edge, "/metrics"),
  };
}

/** Asks over the pod's own socket, as a user that may read statistics and nothing else. */
export function redisExporter(
  image: pulumi.Input<string>,
  password: PasswordPlace,
  sockets: { readonly name: string; readonly path: string },
): Container {
  return {
    name: "redis-exporter",
    image,
    args: [
      `-redis.addr=unix://${redisSocket(sockets.path)}`,
      `-redis.user=${REDIS_USER}`,
      // Neither is needed for statistics, and its user may do neither.
      "-config-command=-",
      "-set-client-name=false",
      `-tls-server-cert-file=${TLS_FOLDER}/tls.crt`,
      `-tls-server-key-file=${TLS_FOLDER}/tls.key`,
      "-tls-server-min-version=TLS1.3",
      `-web.listen-address=:${METRICS_PORTS.redis}`,
      "-log-format=json",
    ],
    environment: ENVIRONMENT,
    secrets: { REDIS_PASSWORD: password },
    ports: { [METRICS]: METRICS_PORTS.redis },
    resources: EXPORTER_RESOURCES,
    mounts: [
      { ...sockets, shared: true },
      { name: "tls", path: TLS_FOLDER, shared: true },
    ],
    health: health(METRICS_PORTS.redis, "/health"),
  };
}

/** Asks over the pod's own socket, as a role that may read statistics and nothing else. */
export function postgresExporter(
  image: pulumi.Input<string>,
  password: PasswordPlace,
  sockets: { readonly name: string; readonly path: string },
  configuration: { readonly name: string; readonly path: string },
): Container {
  return {
    name: "postgres-exporter",
    image,
    args: [
      `--web.config.file=${configuration.path}/web.yml`,
      `--web.listen-address=:${METRICS_PORTS.postgres}`,
      "--log.format=json",
    ],
    environment: {
      ...ENVIRONMENT,
      DATA_SOURCE_USER: POSTGRES_USER,
      // On the socket there is nobody in between; TLS is for the network.
      DATA_SOURCE_URI: `/postgres?host=${sockets.path}&sslmode=disable`,
    },
    secrets: { DATA_SOURCE_PASS: password },
    ports: { [METRICS]: METRICS_PORTS.postgres },
    resources: EXPORTER_RESOURCES,
    mounts: [
      { ...sockets, shared: true },
      { ...configuration, shared: true },
      { name: "tls", path: TLS_FOLDER, shared: true },
    ],
    health: health(METRICS_PORTS.postgres, "/"),
  };
}

export function metricsService(
  program: keyof typeof METRICS_PORTS,
  namespace: string,
): k8s.core.v1.ServiceArgs {
  return service({
    name: metricsServiceName(program),
    namespace,
    program,
    ports: [{ name: METRICS, port: METRICS_PORTS[program] }],
    // A draining nginx listens no more for as long as its streams last: it is no target that is
    // down. A store is one pod, and must be seen when it is not ready.
    headless: program === "edge" ? "ready" : "all",
  });
}

export function metricsServiceName(program: keyof typeof METRICS_PORTS): string {
  return `${program}-metrics`;
}

function health(port: number, path: string): Container["health"] {
  return { budget: probeBudget(START_SECONDS), ready: { https: path, port } };
}
