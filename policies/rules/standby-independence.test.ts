import { standbyIndependence } from "./standby-independence.ts";
import { container, DEPLOYMENT, deployment } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(standbyIndependence, {
  good: {
    cluster: {
      type: "kubernetes:postgresql.cnpg.io/v1:Cluster",
      props: {
        spec: {
          imageName: "here.example/postgres:1",
          replica: { primary: "a", self: "b" },
          externalClusters: [{ connectionParameters: { host: "postgres.there.example" } }],
        },
      },
    },
    gateway: {
      type: DEPLOYMENT,
      props: deployment({
        containers: [container({ env: [{ name: "A", value: "postgres-rw.deepseek.svc" }] })],
      }),
    },
    files: {
      type: "kubernetes:core/v1:ConfigMap",
      props: {
        data: {
          "nginx.conf": "server_name ai.there.example;",
          "redis.conf": "replicaof postgres.there.example 6379",
        },
      },
    },
  },
  fails: {
    "a program that asks the primary": [
      [["gateway", "spec.template.spec.containers.0.env.0.value", "postgres.there.example"]],
      /needs postgres.there.example/,
    ],
    "an argument": [
      [["gateway", "spec.template.spec.containers.0.args", ["--host=postgres.there.example"]]],
      /needs postgres/,
    ],
    "an init container": [
      [
        [
          "gateway",
          "spec.template.spec.initContainers",
          [container({ command: ["wait", "postgres.there.example"] })],
        ],
      ],
      /needs postgres/,
    ],
    "an image": [
      [["gateway", "spec.template.spec.containers.0.image", "postgres.there.example/gateway:1"]],
      /needs postgres/,
    ],
    "a file": [
      [["files", ["data", "nginx.conf"], "proxy_pass https://postgres.there.example;"]],
      /ConfigMap .* needs/,
    ],
    "the cluster's image": [
      [["cluster", "spec.imageName", "postgres.there.example/postgres:1"]],
      /Cluster .* needs/,
    ],
  },
  open: {
    "a site that is the primary": [["cluster", "spec.replica", { primary: "b", self: "b" }]],
  },
  unknown: ["gateway", "spec.template.spec.containers.0.env.0.value"],
});
