/**
 * The exporters beside nginx, Redis and PostgreSQL: one program each, under Debian's name and its
 * own. Their pods' arguments say whom they ask; they write nothing.
 */
import type { Recipe } from "../recipe.ts";
import { PROGRAM_UID } from "./program-user.ts";

export const edgeExporter: Recipe = exporter({
  name: "edge-exporter",
  title: "DeepSeek private service: nginx' exporter",
  debian: "prometheus-nginx-exporter",
  program: "nginx-prometheus-exporter",
  // It listens on the pod's loopback; nginx is what others reach.
  ports: [],
});

export const redisExporter: Recipe = exporter({
  name: "redis-exporter",
  title: "DeepSeek private service: Redis' exporter",
  debian: "prometheus-redis-exporter",
  program: "redis_exporter",
  ports: [9121],
});

export const postgresExporter: Recipe = exporter({
  name: "postgres-exporter",
  title: "DeepSeek private service: PostgreSQL's exporter",
  debian: "prometheus-postgres-exporter",
  program: "postgres_exporter",
  ports: [9187],
});

interface Exporter {
  readonly name: string;
  readonly title: string;
  /** Package, and file in it. */
  readonly debian: string;
  /** Its name where it comes from. */
  readonly program: string;
  readonly ports: readonly number[];
}

function exporter({ name, title, debian, program, ports }: Exporter): Recipe {
  return {
    name,
    title,
    user: { name: "exporter", uid: PROGRAM_UID },
    entrypoint: [`/usr/bin/${program}`],
    ports,
    writable: [],
    debian: {
      packages: [debian],
      include: [`usr/bin/${debian}`],
      // For its service on a machine.
      without: ["daemon", "systemd-sysv", "systemd"],
    },
    links: { [`usr/bin/${program}`]: debian },
  };
}
