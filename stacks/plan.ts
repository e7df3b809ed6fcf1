/** The stack output `plan`: what previews, policies and people read instead of our components. */
import { ALERTMANAGER_RESOURCES, ALERTMANAGER_STORAGE } from "../components/alertmanager.ts";
import { EXPORTER_RESOURCES } from "../components/exporters.ts";
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
  const { edge, gateway, models } = settings;
  return [
    { name: "edge", kind: "edge", replicas: edge.replicas, ...edge.resources },
    exporter("edge-exporter", edge.replicas),
    {
      name: "gateway",
      kind: "gateway",
      replicas: gateway.replicas,
      ...gateway.resources,
      storage: gateway.storage,
    },
    ...models.map((model) => ({
      name: model.name,
      kind: "model" as const,
      replicas: model.replicas,
      ...model.resources,
    })),
    ...onePodEach(settings),
  ];
}

function onePodEach({ redis, postgres, monitoring }: Settings): InventoryItem[] {
  const item = (
    name: string,
    kind: InventoryItem["kind"],
    { resources, storage }: { resources: { cpu: string; memory: string }; storage: string },
  ) => ({ name, kind, replicas: 1, cpu: resources.cpu, memory: resources.memory, storage });
  const alertmanager = { resources: ALERTMANAGER_RESOURCES, storage: ALERTMANAGER_STORAGE };
  return [
    item("redis", "store", redis),
    item("postgres", "store", postgres),
    item("prometheus", "monitoring", monitoring),
    item("alertmanager", "monitoring", alertmanager),
    exporter("redis-exporter", 1),
    exporter("postgres-exporter", 1),
  ];
}

function exporter(name: string, replicas: number): InventoryItem {
  return { name, kind: "monitoring", replicas, ...EXPORTER_RESOURCES };
}
