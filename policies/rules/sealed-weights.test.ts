import { sealedWeights } from "./sealed-weights.ts";
import { container, DEPLOYMENT, labelled } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(sealedWeights, {
  good: {
    model: {
      type: DEPLOYMENT,
      props: labelled("model-server", {
        initContainers: [
          container({
            name: "weights",
            env: [
              { name: "WEIGHTS_TO", value: "/models/a" },
              { name: "WEIGHTS_KMS_KEY", value: "k" },
            ],
          }),
        ],
        containers: [
          container({
            resources: { limits: { "nvidia.com/gpu": "1" } },
            env: [
              { name: "MODEL_PATH", value: "/models/a" },
              { name: "HF_HUB_OFFLINE", value: "1" },
              { name: "TRANSFORMERS_OFFLINE", value: "1" },
              { name: "VLLM_NO_USAGE_STATS", value: "1" },
              { name: "DO_NOT_TRACK", value: "1" },
            ],
          }),
        ],
      }),
    },
  },
  passes: {
    "a key of a transit engine": [
      ["model", "spec.template.spec.initContainers.0.env.1.name", "WEIGHTS_TRANSIT_KEY"],
    ],
  },
  fails: {
    "weights that nobody verified": [
      [["model", "spec.template.spec.initContainers", []]],
      /nobody verified/,
    ],
    "an ordinary container of that name": [
      [
        ["model", "spec.template.spec.initContainers", undefined],
        ["model", "spec.template.spec.containers.1", container({ name: "weights" })],
      ],
      /nobody verified/,
    ],
    "weights in clear": [
      [["model", "spec.template.spec.initContainers.0.env.1.name", "OTHER"]],
      /unsealed/,
    ],
    "another folder": [
      [["model", "spec.template.spec.containers.0.env.0.value", "/models/b"]],
      /loads \/models\/b/,
    ],
    "no folder": [
      [["model", "spec.template.spec.containers.0.env.0", undefined]],
      /an unknown folder/,
    ],
  },
  unknown: ["model", "spec.template.spec.containers.0.env.0.value"],
});
