import { noArchivedComponents } from "./no-archived-components.ts";
import { container, DEPLOYMENT, deployment } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(noArchivedComponents, {
  good: {
    pods: {
      type: DEPLOYMENT,
      props: deployment({
        containers: [container({ image: "docker.io/nginxinc/nginx-unprivileged:1.28" })],
      }),
    },
  },
  passes: {
    "a name that only resembles": [
      ["pods", "spec.template.spec.containers.0.image", "a.example/not-minio-at-all:1"],
    ],
  },
  fails: {
    "ingress-nginx": [
      [
        [
          "pods",
          "spec.template.spec.containers.0.image",
          "registry.k8s.io/ingress-nginx/controller:v1",
        ],
      ],
      /archived 2026-03-24/,
    ],
    "MinIO from a mirror": [
      [["pods", "spec.template.spec.containers.0.image", "mirror.example/x/minio/minio:1"]],
      /minio/,
    ],
    "MinIO as an init container": [
      [["pods", "spec.template.spec.initContainers", [container({ image: "minio/minio" })]]],
      /init container/,
    ],
    "Promtail as an ephemeral container": [
      [
        [
          "pods",
          "spec.template.spec.ephemeralContainers",
          [container({ image: "grafana/promtail:3" })],
        ],
      ],
      /OpenTelemetry/,
    ],
    datree: [[["pods", "spec.template.spec.containers.0.image", "datree/webhook:1"]], /datree/],
  },
  unknown: ["pods", "spec.template.spec.containers.0.image"],
});
