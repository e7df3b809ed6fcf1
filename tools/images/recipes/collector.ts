/**
 * The OpenTelemetry Collector with the parts that a stack's files name, at the path of the public image. For
 * stacks of this machine, where nothing can be pulled; sites take the public one.
 */
import type { Recipe } from "../recipe.ts";
import { PROGRAM_UID } from "./program-user.ts";

export const collector: Recipe = {
  name: "collector",
  title: "DeepSeek private service: OpenTelemetry Collector",
  user: { name: "program", uid: PROGRAM_UID },
  entrypoint: ["/otelcol-contrib"],
  ports: [4318],
  writable: ["/var/lib/collector"],
  debian: { packages: ["ca-certificates"], include: [], without: ["openssl"] },
  built: {
    name: "collector",
    sources: [
      "tools/collector/go.mod",
      "tools/collector/go.sum",
      "tools/collector/cmd/collector/main.go",
    ],
    target: "otelcol-contrib",
    licences: "usr/share/doc/collector/LICENSES.txt",
  },
  // Stores may stand outside the cluster.
  authorities: true,
};
