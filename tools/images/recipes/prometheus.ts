/** Prometheus, without its web console's pages: its API is what others ask. */
import type { Recipe } from "../recipe.ts";
import { PROGRAM_UID } from "./program-user.ts";

export const prometheus: Recipe = {
  name: "prometheus",
  title: "DeepSeek private service: Prometheus",
  user: { name: "prometheus", uid: PROGRAM_UID },
  entrypoint: ["/usr/bin/prometheus"],
  ports: [9090],
  writable: ["/prometheus"],
  debian: {
    packages: ["prometheus", "ca-certificates"],
    include: ["usr/bin/prometheus"],
    without: ["fonts-glyphicons-halflings", "javascript-common", "libjs-bootstrap", "openssl"],
  },
  // For remote write and for scrapes outside the cluster.
  authorities: true,
};
