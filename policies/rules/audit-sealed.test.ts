import { auditSealed } from "./audit-sealed.ts";
import { container, deployment, gateway } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(auditSealed, {
  good: {
    gateway: {
      type: "kubernetes:apps/v1:StatefulSet",
      props: {
        metadata: { name: "gateway" },
        spec: {
          ...(deployment({
            containers: [
              {
                ...gateway({ GW_AUDIT_SEAL_KEY_FILE: "/s", GW_DATA_FOLDER: "/data" }),
                volumeMounts: [{ name: "data", mountPath: "/data" }],
              },
            ],
            initContainers: [
              container({
                env: [{ name: "ARCHIVE_TO", value: "file:///archive" }],
                volumeMounts: [{ name: "archive", mountPath: "/archive" }],
              }),
            ],
            volumes: [{ name: "archive", persistentVolumeClaim: { claimName: "worm" } }],
          })["spec"] as object),
          volumeClaimTemplates: [{ metadata: { name: "data" } }],
        },
      },
    },
  },
  fails: {
    "calls without a record, as something else may say": [
      [["gateway", "spec.template.spec.containers.0.envFrom", [{ configMapRef: { name: "c" } }]]],
      /serves what it cannot record/,
    ],
    "an archive in the pod's own folder": [
      [["gateway", "spec.template.spec.volumes.0", { name: "archive", emptyDir: {} }]],
      /init container main archives into its pod/,
    ],
    "an archive beside its volume": [
      [["gateway", "spec.template.spec.initContainers.0.env.0.value", "file:///tmp"]],
      /archives into its pod/,
    ],
    "no seal": [
      [["gateway", "spec.template.spec.containers.0.env.0.name", "OTHER"]],
      /does not seal/,
    ],
    "calls that nobody records": [
      [
        [
          "gateway",
          "spec.template.spec.containers.0.env.3",
          { name: "GW_AUDIT_DOWN", value: "open" },
        ],
      ],
      /cannot record/,
    ],
    "a folder of the pod": [
      [["gateway", "spec.volumeClaimTemplates", undefined]],
      /loses its audit trail/,
    ],
    "another folder": [
      [["gateway", "spec.template.spec.containers.0.env.1.value", "/tmp"]],
      /loses its audit trail/,
    ],
    "no folder": [
      [["gateway", "spec.template.spec.containers.0.env.1.name", "OTHER"]],
      /loses its audit trail/,
    ],
    "no mount": [
      [["gateway", "spec.template.spec.containers.0.volumeMounts", undefined]],
      /loses its audit trail/,
    ],
  },
  unknown: ["gateway", "spec.template.spec.containers.0.env.1.value"],
});
