/** What the pods of a Ray cluster say to each other and the operator to them; all else is denied. */
import { CHOSEN_BY_KERNEL, type Flow } from "../flows.ts";

export const RAY_HEAD = "model-head";
/** Not Ray Client's (10001), which runs whatever it is sent: nobody here needs it. */
export const RAY_PORTS = { gcs: 6_379, dashboard: 8_265 } as const;
/** Ray lets the kernel choose the ports of its processes, and takes 10002 to 19999 for its workers. */
const WORKERS = { from: 10_002, to: 19_999 } as const;

export function rayFlows(
  namespace: string,
  worker: string,
  operator: { readonly namespace: string; readonly program: string },
): Flow[] {
  const [head, workers] = [RAY_HEAD, worker].map((program) => ({ namespace, program }));
  if (head === undefined || workers === undefined)
    throw new Error("head and workers make a cluster");
  const own = [WORKERS, CHOSEN_BY_KERNEL];
  return [
    {
      name: "ray-operator",
      from: operator,
      to: head,
      ports: [RAY_PORTS.dashboard, RAY_PORTS.gcs],
    },
    { name: "ray-to-head", from: workers, to: head, ports: [...Object.values(RAY_PORTS), ...own] },
    { name: "ray-to-workers", from: head, to: workers, ports: own },
    { name: "ray-of-workers", from: workers, to: workers, ports: own },
  ];
}
