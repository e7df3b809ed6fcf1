/**
 * The three shapes of a site that the product names (machines, processors, memory, GPUs), and how
 * many programs of the front a machine of each takes. Pure.
 */
import { mebibytes } from "./quantity.ts";

export interface Shape {
  readonly machines: number;
  /** Of each machine. */
  readonly cores: number;
  readonly memoryGibibytes: number;
  /** A100 of the whole site. */
  readonly gpus: number;
  /** A second site stands by in a cloud. */
  readonly cloudStandby: boolean;
}

/** As the product's deployment guide has them: 4 cores 16 G × 2; 8 cores 32 G × 4 and A100 × 2. */
export const SHAPES = {
  container: { machines: 2, cores: 4, memoryGibibytes: 16, gpus: 0, cloudStandby: false },
  "bare-metal": { machines: 4, cores: 8, memoryGibibytes: 32, gpus: 2, cloudStandby: false },
  hybrid: { machines: 4, cores: 8, memoryGibibytes: 32, gpus: 2, cloudStandby: true },
} as const satisfies Readonly<Record<string, Shape>>;

export type ShapeName = keyof typeof SHAPES;

export interface Front {
  readonly gatewaysPerMachine: number;
  readonly nginxWorkers: number;
}

export type FrontPlan = { readonly front: Front } | { readonly refusal: string };

/** Of a machine's memory; the rest is for stores, model servers and the kernel's file cache. */
const MEMORY_SHARE = 0.5;

/**
 * A gateway is one thread. Per request it works for 2 ms and nginx for 0.3 ms (docs/architecture.md),
 * so half of the cores go to gateways and a quarter to nginx; at least two workers, so that a slow
 * handshake stops nobody.
 */
export function frontOf(
  shape: Shape,
  memory: { readonly edge: string; readonly gateway: string },
): FrontPlan {
  const gatewaysPerMachine = Math.max(1, Math.floor(shape.cores / 2));
  const nginxWorkers = Math.max(2, Math.floor(shape.cores / 4));
  const needed = mebibytes(memory.edge) + gatewaysPerMachine * mebibytes(memory.gateway);
  const allowed = shape.memoryGibibytes * 1_024 * MEMORY_SHARE;
  if (needed > allowed) {
    return {
      refusal:
        `an edge of ${memory.edge} and ${gatewaysPerMachine} gateways of ${memory.gateway} take ` +
        `${needed} MiB, and half of a machine is ${allowed} MiB`,
    };
  }
  return { front: { gatewaysPerMachine, nginxWorkers } };
}
