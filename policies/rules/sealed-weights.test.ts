import { sealedWeights } from "./sealed-weights.ts";
import { container, MODEL } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(sealedWeights, {
  good: { model: MODEL },
  passes: {
    "a key of a transit engine": [
      ["model", "spec.template.spec.initContainers.0.env.1.name", "WEIGHTS_TRANSIT_KEY"],
    ],
  },
  fails: {
    "a model server under another label": [
      [
        ["model", "spec.template.metadata.labels", { "app.kubernetes.io/name": "tool" }],
        ["model", "spec.template.spec.initContainers", []],
        ["model", "spec.template.spec.containers.0.command", ["vllm", "serve"]],
      ],
      /nobody verified/,
    ],
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
