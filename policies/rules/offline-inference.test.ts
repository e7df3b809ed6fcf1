import { offlineInference } from "./offline-inference.ts";
import { container, MODEL } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(offlineInference, {
  good: { model: MODEL },
  fails: {
    "a hub that is asked": [
      [["model", "spec.template.spec.containers.0.env.1.value", "0"]],
      /HF_HUB_OFFLINE=1/,
    ],
    statistics: [
      [["model", "spec.template.spec.containers.0.env.3", undefined]],
      /VLLM_NO_USAGE_STATS=1/,
    ],
    "no variables": [
      [["model", "spec.template.spec.containers.0.env", undefined]],
      /HF_HUB_OFFLINE=1, TRANSFORMERS_OFFLINE=1/,
    ],
    "an init container with a GPU": [
      [
        [
          "model",
          "spec.template.spec.initContainers",
          [container({ resources: { limits: { "nvidia.com/gpu": "1" } } })],
        ],
      ],
      /init container main may call home/,
    ],
  },
  open: {
    "the simulator, which has no GPU": [["model", "spec.template.spec.containers.0.resources", {}]],
  },
  unknown: ["model", "spec.template.spec.containers.0.env.1.value"],
});
