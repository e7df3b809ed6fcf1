import { patientStore } from "./patient-store.ts";
import { stackOf } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(patientStore, {
  good: {
    stack: stackOf("cnHospital"),
    space: {
      type: "kubernetes:core/v1:Namespace",
      props: { metadata: { name: "deepseek-patient" } },
    },
    database: {
      type: "kubernetes:postgresql.cnpg.io/v1:Cluster",
      props: { metadata: { namespace: "deepseek-patient" } },
    },
    walls: {
      type: "kubernetes:networking.k8s.io/v1:NetworkPolicy",
      props: { metadata: { namespace: "deepseek-patient" }, spec: { podSelector: {} } },
    },
  },
  fails: {
    "no namespace": [[["space", "", undefined]], /no namespace deepseek-patient/],
    "a namespace of another name": [[["space", "metadata.name", "patients"]], /no namespace/],
    "the service's own database": [
      [["database", "metadata.namespace", "deepseek"]],
      /no database of its own/,
    ],
    "no walls": [[["walls", "", undefined]], /no walls/],
    "walls for some pods": [
      [["walls", "spec.podSelector", { matchLabels: { a: "b" } }]],
      /no walls/,
    ],
  },
  open: { "a bank": [["stack", "plan.profile", "cnBank"]] },
  unknown: ["space", "metadata.name"],
});
