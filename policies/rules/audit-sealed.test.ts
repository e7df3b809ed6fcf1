import { auditSealed } from "./audit-sealed.ts";
import { deployment, gateway } from "./test-objects.ts";
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
