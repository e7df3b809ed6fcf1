/** Deploys a stack: plan, question, change. The local stack gets its cluster and images first. */
import { announceLocal } from "../announce.ts";
import { operate } from "../operate.ts";
import { PROGRAM_OPTIONS } from "../session.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "up",
  summary: "deploys a stack; asks first unless --yes",
  usage: "<stack> [options]",
  examples: [
    "npm run up -- local                      # everything, on this machine",
    "npm run up -- local --yes --gpu-nodes 2  # with two simulated 8×A100 nodes",
    "npm run up -- local --kubeconfig ~/.kube/config --context kind-test",
    "npm run up -- prod --engine pulumi",
    "npm run up -- local --config deepseek:gateway.replicas=3",
  ],
  options: {
    ...PROGRAM_OPTIONS,
    yes: { type: "boolean", help: "do not ask" },
    refresh: { type: "boolean", help: "read what really runs first" },
    target: { type: "string", multiple: true, value: "URN", help: "only this resource" },
    message: { type: "string", value: "TEXT", help: "kept in the stack's history" },
    "gpu-nodes": {
      type: "string",
      value: "N",
      help: "simulated GPU nodes of the one-node cluster",
    },
    debug: { type: "boolean", help: "show the program's debug messages" },
  },
  positionals: [1, 1],
  run: (call) =>
    operate(call, "up", async (outcome) => {
      if (!outcome.session.isLocal) return;
      const { rememberCluster } = await import("../local-cluster.ts");
      await rememberCluster(outcome.session, outcome.prepared);
      await announceLocal(outcome);
    }),
};
