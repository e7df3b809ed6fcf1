import { adminMfa } from "./admin-mfa.ts";
import { container, DEPLOYMENT, deployment, gateway } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(adminMfa, {
  good: {
    gateway: {
      type: DEPLOYMENT,
      props: deployment({ containers: [gateway({ GW_ADMIN_TOTP: "required" })] }),
    },
    map: {
      type: "kubernetes:core/v1:ConfigMap",
      props: {
        metadata: { name: "map", namespace: "deepseek" },
        data: { GW_ADMIN_TOTP: "required" },
      },
    },
  },
  passes: {
    "a factor in a map of the stack": [
      ["gateway", "spec.template.spec.containers.0.env", []],
      ["gateway", "spec.template.spec.containers.0.envFrom", [{ configMapRef: { name: "map" } }]],
    ],
  },
  fails: {
    "an optional factor in a map of the stack": [
      [
        ["gateway", "spec.template.spec.containers.0.env", []],
        ["gateway", "spec.template.spec.containers.0.envFrom", [{ configMapRef: { name: "map" } }]],
        ["map", "data.GW_ADMIN_TOTP", "optional"],
      ],
      /is optional/,
    ],
    "a factor in a Secret, which nobody reads": [
      [
        ["gateway", "spec.template.spec.containers.0.env", []],
        ["gateway", "spec.template.spec.containers.0.envFrom", [{ secretRef: { name: "s" } }]],
      ],
      /is optional/,
    ],
    "a second word that takes it back": [
      [
        [
          "gateway",
          "spec.template.spec.containers.0.env",
          [
            { name: "GW_ADMIN_TOTP", value: "required" },
            { name: "GW_ADMIN_TOTP", value: "optional" },
          ],
        ],
      ],
      /is optional/,
    ],
    "a gateway by another name": [
      [["gateway", "spec.template.spec.containers.0.name", "main"]],
      /no container gateway/,
    ],
    "a gateway under another label, by its image": [
      [
        ["gateway", "spec.template.metadata.labels", { "app.kubernetes.io/name": "tool" }],
        [
          "gateway",
          "spec.template.spec.containers",
          [container({ image: "mirror.example/deepseek/gateway:1" })],
        ],
      ],
      /container main.*is optional/,
    ],
    "a gateway under another label, by its files": [
      [
        ["gateway", "spec.template.metadata.labels", {}],
        [
          "gateway",
          "spec.template.spec.containers",
          [container({ env: [{ name: "GW_KEYS_FILE", value: "/keys.json" }] })],
        ],
      ],
      /is optional/,
    ],
    "an optional factor": [
      [
        [
          "gateway",
          "spec.template.spec.containers.0.env",
          [{ name: "GW_ADMIN_TOTP", value: "optional" }],
        ],
      ],
      /is optional/,
    ],
    "no word about it": [[["gateway", "spec.template.spec.containers.0.env", []]], /is optional/],
    "a value from elsewhere": [
      [
        [
          "gateway",
          "spec.template.spec.containers.0.env",
          [{ name: "GW_ADMIN_TOTP", valueFrom: {} }],
        ],
      ],
      /is optional/,
    ],
    "no variables": [
      [["gateway", "spec.template.spec.containers.0.env", undefined]],
      /is optional/,
    ],
  },
  open: {
    "another program": [
      ["gateway", "spec.template.metadata.labels", { "app.kubernetes.io/name": "edge" }],
    ],
  },
  unknown: ["gateway", "spec.template.spec.containers.0.env.0.value"],
});
