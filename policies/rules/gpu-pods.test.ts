import { gpuPods } from "./gpu-pods.ts";
import { container, DEPLOYMENT, deployment } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

const GPU = "nvidia.com/gpu";
const PRODUCT = "nvidia.com/gpu.product";

judgedByTable(gpuPods, {
  good: {
    pods: {
      type: DEPLOYMENT,
      props: deployment({
        containers: [
          container({ resources: { requests: { [GPU]: "1" }, limits: { [GPU]: "1" } } }),
        ],
        tolerations: [{ key: GPU }],
        nodeSelector: { [PRODUCT]: "NVIDIA-A100-SXM4-80GB" },
      }),
    },
  },
  passes: {
    "an affinity": [
      ["pods", "spec.template.spec.nodeSelector", undefined],
      [
        "pods",
        "spec.template.spec.affinity",
        {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: PRODUCT }] }],
            },
          },
        },
      ],
    ],
    "a pod without GPUs": [
      ["pods", "spec.template.spec.containers.0.resources", {}],
      ["pods", "spec.template.spec.tolerations", undefined],
    ],
  },
  fails: {
    "no toleration": [
      [["pods", "spec.template.spec.tolerations", undefined]],
      /cannot stand on a GPU node/,
    ],
    "a toleration of something else": [
      [["pods", "spec.template.spec.tolerations", [{ key: "spot" }]]],
      /cannot stand/,
    ],
    "any GPU": [[["pods", "spec.template.spec.nodeSelector", {}]], /takes any GPU/],
    "more than it asked for": [
      [
        [
          "pods",
          ["spec", "template", "spec", "containers", "0", "resources", "requests", GPU],
          "2",
        ],
      ],
      /Make them equal/,
    ],
    "an init container with a GPU": [
      [
        [
          "pods",
          "spec.template.spec.initContainers",
          [container({ resources: { limits: { [GPU]: 1 } } })],
        ],
        ["pods", "spec.template.spec.tolerations", []],
      ],
      /cannot stand/,
    ],
  },
  unknown: ["pods", "spec.template.spec.tolerations.0.key"],
});
