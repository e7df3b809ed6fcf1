/** The stack output `plan`: what previews, policies and people read instead of our components. */
import type { Settings } from "../config/schema.ts";

export interface InventoryItem {
  readonly name: string;
  readonly kind: "edge" | "gateway" | "model" | "store" | "monitoring";
  readonly replicas: number;
  readonly cpu: string;
  readonly memory: string;
  readonly storage?: string;
}

export interface Plan {
  /** GPUs the stack occupies; simulated model servers occupy none. */
  readonly gpus: number;
  readonly inventory: readonly InventoryItem[];
  readonly costItems: readonly { readonly name: string; readonly quantity: number }[];
  /** Null: the environment has no standby and promises nothing. */
  readonly rtoSeconds: number | null;
  readonly rpoSeconds: number | null;
  readonly profile: Settings["retention"]["profile"];
}

/** One machine of the user's own: nothing to pay for, and nothing to fail over to. */
export function localPlan(settings: Settings): Plan {
  return {
    gpus: 0,
    inventory: inventory(settings),
    costItems: [],
    rtoSeconds: null,
    rpoSeconds: null,
    profile: settings.retention.profile,
  };
}

function inventory(settings: Settings): InventoryItem[] {
  const { edge, gateway, redis, postgres, monitoring, models } = settings;
  const { replicas } = edge;
  return [
    { name: "edge", kind: "edge", replicas, ...edge.resources },
    { name: "gateway", kind: "gateway", replicas: gateway.replicas, ...gateway.resources },
    ...models.map((model) => ({
      name: model.name,
      kind: "model" as const,
      replicas: model.replicas,
      ...model.resources,
    })),
    { name: "redis", kind: "store", replicas: 1, ...redis.resources, storage: redis.storage },
    {
      name: "postgres",
      kind: "store",
      replicas: 1,
      ...postgres.resources,
      storage: postgres.storage,
    },
    {
      name: "prometheus",
      kind: "monitoring",
      replicas: 1,
      ...monitoring.resources,
      storage: monitoring.storage,
    },
  ];
}
