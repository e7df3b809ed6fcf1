/** The stack output `plan`: what previews, policies and people read instead of our components. */
import {
  ALERT_RELAY,
  ALERT_RELAY_REPLICAS,
  ALERT_RELAY_RESOURCES,
} from "../components/alert-relay.ts";
import { ALERTMANAGER_RESOURCES, ALERTMANAGER_STORAGE } from "../components/alertmanager.ts";
import { INTERFACE_SERVICES } from "../components/aws/endpoints.ts";
import { EXPORTER_RESOURCES } from "../components/exporters.ts";
import { FINE_TUNING } from "../components/fine-tuning-template.ts";
import { gpusOf, type ServedModel } from "../components/sizing/served-models.ts";
import type { Settings } from "../config/schema.ts";
import { hasAlertRelay } from "./alert-arguments.ts";
import { PURPOSES } from "./cloud-keys.ts";
import { latencyOfModel } from "./site-faults.ts";
import { gpusAvailable, isOnGpus, manifestOf, servedModels } from "./site-models.ts";
import { recoveryOfSite } from "./site-recovery.ts";
import { isManaged, ledgerCopyArguments } from "./store-arguments.ts";
import { isWatchedElsewhere } from "./watcher.ts";

export interface InventoryItem {
  readonly name: string;
  readonly kind: "edge" | "gateway" | "model" | "training" | "store" | "monitoring";
  readonly replicas: number;
  readonly cpu: string;
  readonly memory: string;
  readonly storage?: string;
  /** Of each pod; a model's are told with the model. */
  readonly gpus?: number;
}

/** Something to pay for, so many of it all the time; prices are somebody else's business. */
export interface CostItem {
  readonly name: string;
  readonly quantity: number;
  readonly unit: "instance" | "gibibyte" | "endpoint" | "key";
  readonly region: string;
}

export interface PlannedModel {
  readonly name: string;
  readonly component: ServedModel["component"];
  readonly quantisation: string;
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  readonly gpus: number;
  readonly replicas: { readonly least: number; readonly most: number };
  /** From nothing to the first answer. */
  readonly startSeconds: number;
  /** Replicas that serve while one is replaced. */
  readonly servingLeast: number;
  /** By arithmetic, where a budget was given. */
  readonly latencyMs: number | null;
  /** null: not known until the weights are there. */
  readonly manifest: string | null;
  readonly notes: readonly string[];
}

export interface Plan {
  /** GPUs the stack occupies at most, one Job of fine-tuning included; a simulated server has none. */
  readonly gpus: number;
  /** GPUs, or slices of them, that pools and inventory have at most. */
  readonly gpusAvailable: number;
  readonly models: readonly PlannedModel[];
  readonly inventory: readonly InventoryItem[];
  readonly costItems: readonly CostItem[];
  /** Until the other site serves, by arithmetic. Null: no budget was given, and nothing is promised. */
  readonly rtoSeconds: number | null;
  readonly rpoSeconds: number | null;
  readonly profile: Settings["retention"]["profile"];
}

export function sitePlan(settings: Settings): Plan {
  const served = servedModels(settings);
  const recovery = recoveryOfSite(settings, served);
  const kept = recovery !== undefined && "recovery" in recovery ? recovery.recovery : null;
  return {
    gpus: gpusOf(served) + (settings.fineTuning?.gpus ?? 0),
    gpusAvailable: gpusAvailable(settings),
    models: served.map((one) => planned(settings, one)),
    inventory: inventory(settings, served),
    costItems: costItems(settings),
    rtoSeconds: kept?.rtoSeconds ?? null,
    rpoSeconds: kept?.rpoSeconds ?? null,
    profile: settings.retention.profile,
  };
}

function planned(settings: Settings, served: ServedModel): PlannedModel {
  const { quantisation, tensorParallel, pipelineParallel } = served.plan;
  const latency = latencyOfModel(served.name, settings, served);
  const model = settings.models.filter(isOnGpus).find(({ name }) => name === served.name);
  return {
    name: served.name,
    component: served.component,
    quantisation,
    tensorParallel,
    pipelineParallel,
    gpus: served.gpus,
    replicas: served.replicas,
    startSeconds: served.prepareSeconds + served.startSeconds,
    servingLeast: served.rollout.servingLeast,
    latencyMs: latency === undefined ? null : Math.ceil(latency.totalMs),
    manifest: model === undefined ? null : manifestOf(settings, model),
    notes: served.notes,
  };
}

/** What runs all the time at the least; what autoscaling adds is not foreseen. */
function costItems(settings: Settings): CostItem[] {
  const { cloud } = settings;
  if (cloud === undefined) return [];
  const { region, pools, database, cache, network } = cloud;
  const item = (name: string, quantity: number, unit: CostItem["unit"]) => ({
    name,
    quantity,
    unit,
    region,
  });
  return [
    ...pools.map((pool) => item(pool.instanceType, pool.nodes.min, "instance")),
    ...(isManaged(settings)
      ? [
          item(database.instanceClass, database.multiZone ? 2 : 1, "instance"),
          item("rds storage", database.storageGibibytes, "gibibyte"),
          item(cache.nodeType, cache.replicas + 1, "instance"),
        ]
      : []),
    item("eks control plane", 1, "instance"),
    item("network load balancer", 1, "instance"),
    ...(network.kind === "new"
      ? [item("interface endpoint", INTERFACE_SERVICES.length * cloud.zones.length, "endpoint")]
      : []),
    item("kms key", PURPOSES.length, "key"),
  ].filter(({ quantity }) => quantity > 0);
}

function inventory(settings: Settings, served: readonly ServedModel[]): InventoryItem[] {
  const { edge, gateway } = settings;
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
    ...models(settings, served),
    ...training(settings),
    ...stores(settings),
    ...monitoring(settings),
  ];
}

/** Pods, of which a model may have several for each replica. */
function models(settings: Settings, served: readonly ServedModel[]): InventoryItem[] {
  return settings.models.flatMap(({ name, replicas, server }) => {
    const own = served.find((one) => one.name === name);
    const kind = "model" as const;
    if (own !== undefined) {
      const { cpu, memory } = own.resources;
      return [{ name, kind, replicas: own.gpus / own.gpusPerPod, cpu, memory }];
    }
    return server.engine === "simulator" ? [{ name, kind, replicas, ...server.resources }] : [];
  });
}

/** One Job at a time; more of them wait for its GPUs. */
function training({ fineTuning }: Settings): InventoryItem[] {
  if (fineTuning === undefined) return [];
  const { gpus, resources } = fineTuning;
  return [{ name: FINE_TUNING, kind: "training", replicas: 1, ...resources, gpus }];
}

/** Those that a cloud keeps are in the list of what is paid for. */
function stores(settings: Settings): InventoryItem[] {
  if (isManaged(settings)) return [];
  const { redis, postgres } = settings;
  const kind = "store" as const;
  const instances = postgres.kind === "pod" ? 1 : postgres.instances;
  return [
    { name: "redis", kind, replicas: redis.replicas, ...redis.resources, storage: redis.storage },
    {
      name: "postgres",
      kind,
      replicas: instances,
      ...postgres.resources,
      storage: postgres.storage,
    },
    ...ledgerCopy(settings),
    exporter("redis-exporter", redis.replicas),
    ...(postgres.kind === "pod" ? [exporter("postgres-exporter", 1)] : []),
  ];
}

function ledgerCopy(settings: Settings): InventoryItem[] {
  const copy = ledgerCopyArguments(settings);
  if (copy === null) return [];
  const { cluster: name, instances: replicas, resources, volume } = copy;
  return [{ name, kind: "store", replicas, ...resources, storage: volume.storage }];
}

function monitoring(settings: Settings): InventoryItem[] {
  const { monitoring: watched } = settings;
  const { resources, storage, grafana } = watched;
  const kind = "monitoring" as const;
  const own = grafana?.deployment;
  if (isWatchedElsewhere(settings)) return [];
  return [
    { name: "prometheus", kind, replicas: 1, ...resources, storage },
    {
      name: "alertmanager",
      kind,
      replicas: 1,
      ...ALERTMANAGER_RESOURCES,
      storage: ALERTMANAGER_STORAGE,
    },
    ...(hasAlertRelay(settings)
      ? [{ name: ALERT_RELAY, kind, replicas: ALERT_RELAY_REPLICAS, ...ALERT_RELAY_RESOURCES }]
      : []),
    ...(own === undefined ? [] : [{ name: "grafana", kind, replicas: 1, ...own.resources }]),
  ];
}

function exporter(name: string, replicas: number): InventoryItem {
  return { name, kind: "monitoring", replicas, ...EXPORTER_RESOURCES };
}
