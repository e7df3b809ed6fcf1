/** What the pods of a group say to each other, as flows: what is not in the table is denied. */
import { CHOSEN_BY_KERNEL, type Flow } from "../flows.ts";

export const MODEL_WORKER = "model-worker";
/** Where the leader's process gathers the others. */
export const PROCESS_PORT = 29_500;

/** `leader` is the program's name that leaders have. */
export function groupFlows(namespace: string, leader: string): Flow[] {
  const [first, other] = [leader, MODEL_WORKER].map((program) => ({ namespace, program }));
  if (first === undefined || other === undefined) throw new Error("two programs make a group");
  // NCCL, Gloo and vLLM's own queues listen on ports that the kernel chooses. Adapters of EFA speak past
  // the kernel: there the security group of the nodes is the wall.
  const ports = [PROCESS_PORT, CHOSEN_BY_KERNEL];
  return [
    { name: "group-to-workers", from: first, to: other, ports },
    { name: "group-to-leader", from: other, to: first, ports },
    { name: "group-of-workers", from: other, to: other, ports },
  ];
}
