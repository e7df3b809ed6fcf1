/** What must hold between the settings of a site: its place, its pools, its pair, its profile. */
import { at, type Fault } from "./fault.ts";
import { PAIR_RELATIONS } from "./pair-relations.ts";
import type { CloudSettings, GpuPoolSettings, Settings } from "./schema.ts";

type Part = Partial<Settings>;

const ON_AWS: readonly string[] = ["dev", "staging", "prod"];
/** Where people rely on answers: nothing simulated, nothing single. */
/** Environments that serve people. */
export const PRODUCTION: readonly string[] = ["prod", "onprem-bank", "onprem-hospital"];

export const SITE_RELATIONS: readonly ((settings: Part) => readonly Fault[])[] = [
  place,
  cloudRegistry,
  cloudNames,
  cloudAdministrators,
  cloudStores,
  poolNames,
  poolNodes,
  poolZones,
  capacityBlocks,
  publicEndpoint,
  modelPools,
  modelScaling,
  gpuRuntime,
  weightsOpen,
  nothingSimulated,
  nothingSingle,
  ...PAIR_RELATIONS,
  regulatedRegion,
  businessLife,
  hospitalStaysInside,
  trainingPool,
  apiServerKnown,
];

function place(settings: Part): Fault[] {
  const { environment, cloud } = settings;
  if (environment === undefined || !("cloud" in settings)) return [];
  if (ON_AWS.includes(environment) && cloud === undefined) {
    const wrong = `missing, and a stack of kind ${environment} stands on AWS`;
    return [{ path: "deepseek:cloud", wrong, right: "an object with region, zones, pools" }];
  }
  if (environment !== "local" || cloud === undefined) return [];
  const wrong = "is given, and the local stack stands on a cluster that is there";
  return [{ path: "deepseek:cloud", wrong, right: "nothing here" }];
}

function cloudRegistry(settings: Part): Fault[] {
  const { cloud, registry } = settings;
  if (cloud === undefined || registry !== undefined || !("registry" in settings)) return [];
  const wrong = "missing, and nodes in a network without internet reach no public registry";
  const right = "a registry and path, as in 123456789012.dkr.ecr.us-east-1.amazonaws.com/deepseek";
  return [{ path: "deepseek:registry", wrong, right }];
}

/** Zones lie in the region, and the region in the partition: AWS would say so one resource at a time. */
function cloudNames({ cloud }: Part): Fault[] {
  if (cloud === undefined) return [];
  const { partition, region, zones } = cloud;
  const faults = zones.flatMap((zone, index) =>
    zone.startsWith(region) && zone.length === region.length + 1
      ? []
      : [at(`cloud.zones[${index}]`, `is ${zone}, which is not in ${region}`, `as in ${region}a`)],
  );
  const right = partitionOf(region);
  if (partition !== right) {
    faults.push(at("cloud.partition", `is ${partition}, and ${region} lies in another one`, right));
  }
  return [...faults, ...repeatedAt("cloud.zones", zones, "zone")];
}

/** Who runs `up` is of the account that it makes things in, and EKS lets nobody in who is not named. */
function cloudAdministrators({ cloud }: Part): Fault[] {
  if (cloud === undefined) return [];
  const { account, region, control } = cloud;
  const own = `arn:${partitionOf(region)}:iam::${account}:`;
  if (control.administrators.some((role) => role.startsWith(own))) return [];
  const wrong = `names no role of account ${account}, whose roles alone may run \`up\``;
  const right = `one that begins with ${own}, or the roles' account in cloud.account`;
  return [at("cloud.control.administrators", wrong, right)];
}

function partitionOf(region: string): CloudSettings["partition"] {
  return region.startsWith("cn-") ? "aws-cn" : "aws";
}

/** RDS and ElastiCache follow no server outside of AWS; what stands by for one is under an operator. */
function cloudStores({ cloud, redis, postgres, site }: Part): Fault[] {
  if (cloud === undefined || site === undefined) return [];
  if (site.other !== undefined) {
    if (postgres === undefined || postgres.kind === "operator") return [];
    const wrong = "is pod, and RDS follows no PostgreSQL outside of AWS";
    return [at("postgres.kind", wrong, "operator, on both sites")];
  }
  return [
    ...(redis !== undefined && redis.replicas !== 1
      ? [at("redis.replicas", "is set, and on AWS ElastiCache keeps Redis", "cloud.cache.replicas")]
      : []),
    ...(postgres?.kind === "operator"
      ? [at("postgres.kind", "is operator, and on AWS RDS keeps PostgreSQL", "cloud.database")]
      : []),
  ];
}

function poolNames({ cloud, inventory }: Part): Fault[] {
  const pools = cloud?.pools.map(({ name }) => name) ?? [];
  const system = cloud?.pools.some(({ kind }) => kind === "system") ?? true;
  return [
    ...repeatedAt("cloud.pools", pools, "pool", "name"),
    ...repeatedAt("inventory", inventory?.map(({ name }) => name) ?? [], "entry", "name"),
    ...(system ? [] : [at("cloud.pools", "has no system pool", "one of kind system")]),
    ...(cloud !== undefined && (inventory?.length ?? 0) > 0
      ? [at("inventory", "is given beside cloud.pools", "nothing here: pools say what there is")]
      : []),
  ];
}

function poolNodes({ cloud }: Part): Fault[] {
  return (cloud?.pools ?? []).flatMap(({ nodes }, index) => {
    const { min, max, first = min } = nodes;
    if (min <= first && first <= max) return [];
    const wrong = `is min ${min}, first ${first}, max ${max}`;
    return [at(`cloud.pools[${index}].nodes`, wrong, "min ≤ first ≤ max")];
  });
}

function poolZones({ cloud }: Part): Fault[] {
  if (cloud === undefined) return [];
  return gpuPools(cloud).flatMap(([pool, index]) =>
    cloud.zones.includes(pool.zone)
      ? []
      : [
          at(
            `cloud.pools[${index}].zone`,
            `is ${pool.zone}, and the site has no subnet there`,
            `one of ${cloud.zones.join(", ")}`,
          ),
        ],
  );
}

function capacityBlocks({ cloud }: Part): Fault[] {
  if (cloud === undefined) return [];
  return gpuPools(cloud).flatMap(([pool, index]) => {
    const { capacity } = pool;
    if (capacity.kind !== "capacityBlock") return [];
    const path = `cloud.pools[${index}].capacity`;
    return [
      ...(Date.parse(capacity.start) < Date.parse(capacity.end)
        ? []
        : [at(`${path}.end`, `is ${capacity.end}, not after the start`, "a later time")]),
      ...(capacity.zone === pool.zone
        ? []
        : [at(`${path}.zone`, `is ${capacity.zone}, and the pool's is ${pool.zone}`, pool.zone)]),
    ];
  });
}

function publicEndpoint({ cloud, environment }: Part): Fault[] {
  const endpoint = cloud?.control.endpoint;
  if (endpoint?.kind !== "public") return [];
  const path = "cloud.control.endpoint";
  if (PRODUCTION.includes(environment ?? "")) {
    return [at(`${path}.kind`, `is public in ${environment}`, "private")];
  }
  return endpoint.ranges.flatMap((range, index) =>
    range.endsWith("/0")
      ? [at(`${path}.ranges[${index}]`, `is ${range}: everybody`, "addresses of your own")]
      : [],
  );
}

function modelPools(settings: Part): Fault[] {
  const { models, cloud, inventory } = settings;
  if (placeUnknown(settings) || inventory === undefined) return [];
  const names = [
    ...(cloud === undefined ? [] : gpuPools(cloud).map(([{ name }]) => name)),
    ...(inventory ?? []).map(({ name }) => name),
  ];
  return (models ?? []).flatMap(({ server }, index) => {
    if (server.engine === "simulator" || names.includes(server.pool)) return [];
    const wrong = `is ${JSON.stringify(server.pool)}, and there are no such GPUs`;
    const right = names.length === 0 ? "an entry in inventory" : `one of ${names.join(", ")}`;
    return [at(`models[${index}].server.pool`, wrong, right)];
  });
}

function modelScaling({ models }: Part): Fault[] {
  return (models ?? []).flatMap((model, index) => {
    const scaling = model.server.engine === "simulator" ? undefined : model.server.scaling;
    if (model.replicas === 0 && scaling === undefined) {
      const right = "1 or more, or server.scaling beside it";
      return [at(`models[${index}].replicas`, "is 0, and nothing would start one", right)];
    }
    if (scaling === undefined || scaling.replicasMax >= model.replicas) return [];
    const wrong = `is ${scaling.replicasMax}, fewer than replicas`;
    const right = `at least ${model.replicas}`;
    return [at(`models[${index}].server.scaling.replicasMax`, wrong, right)];
  });
}

function gpuRuntime({ models, gpuRuntime: runtime }: Part): Fault[] {
  if (runtime === undefined) return [];
  const wanted = (models ?? []).some(({ server }) => server.engine !== "simulator");
  const nobody = wanted && runtime.mode === "none";
  const elsewhere = runtime.mode !== "operator" && runtime.operator.exporter !== "none";
  return [
    ...(nobody
      ? [
          at(
            "gpuRuntime.mode",
            "is none, and models want GPUs",
            "ours, or operator where the cluster has one",
          ),
        ]
      : []),
    ...(elsewhere
      ? [
          at(
            "gpuRuntime.operator.exporter",
            `is ${runtime.operator.exporter}, and mode is ${runtime.mode}`,
            "none, or mode operator",
          ),
        ]
      : []),
  ];
}

/** Weights are told by the digest of their manifest, or carry it under their seal. */
function weightsOpen(settings: Part): Fault[] {
  const { models, cloud, weightsKey, site } = settings;
  if (!("weightsKey" in settings) || placeUnknown(settings)) return [];
  return (models ?? []).flatMap(({ name, server }, index) => {
    if (server.engine === "simulator") return [];
    const { sealed, kind } = server.weights;
    const manifest = server.weights.manifest ?? site?.other?.weights[name] ?? null;
    const path = `models[${index}].server.weights`;
    return [
      ...(sealed || manifest !== null
        ? []
        : [
            at(
              `${path}.manifest`,
              "is null, and the weights are not sealed",
              "sha256:…, or sealed",
            ),
          ]),
      ...(sealed && cloud === undefined && weightsKey === undefined
        ? [at("weightsKey", "missing, and weights are sealed", "an object with kind")]
        : []),
      ...(kind === "bucket" && cloud === undefined
        ? [at(`${path}.kind`, "is bucket, and only a site on AWS has one", "volume")]
        : []),
    ];
  });
}

function nothingSimulated({ environment, models }: Part): Fault[] {
  if (!PRODUCTION.includes(environment ?? "")) return [];
  return (models ?? []).flatMap(({ server }, index) =>
    server.engine === "simulator"
      ? [at(`models[${index}].server.engine`, `is simulator in ${environment}`, "vllm or ray")]
      : [],
  );
}

function nothingSingle(settings: Part): Fault[] {
  const { environment, edge, gateway, redis, postgres, site } = settings;
  if (!PRODUCTION.includes(environment ?? "")) return [];
  // What stands by for another site keeps its stores itself, wherever it stands.
  const cloud = site?.other === undefined ? settings.cloud : undefined;
  const wrong = (what: number | string) => `is ${what} in ${environment}`;
  const few = (path: string, count: number | undefined) =>
    count === undefined || count > 1 ? [] : [at(path, wrong(count), "2 or more")];
  const zones = cloud?.database.multiZone === false;
  return [
    ...few("edge.replicas", edge?.replicas),
    ...few("gateway.replicas", gateway?.replicas),
    ...(zones ? [at("cloud.database.multiZone", wrong("false"), "true")] : []),
    ...(settings.cloud?.protect === false ? [at("cloud.protect", wrong("false"), "true")] : []),
    ...few("cloud.cache.replicas", cloud === undefined ? undefined : cloud.cache.replicas + 1),
    // One that follows another site's has no replicas of its own, which would elect it away.
    ...(cloud !== undefined || site?.role === "standby"
      ? []
      : few("redis.replicas", redis?.replicas)),
    // Of a pair the kind is judged with the pair.
    ...(site?.other !== undefined || cloud !== undefined || postgres?.kind !== "pod"
      ? []
      : [at("postgres.kind", wrong("pod"), "operator")]),
    ...(cloud === undefined && postgres?.kind === "operator"
      ? few("postgres.instances", postgres.instances)
      : []),
  ];
}

/** GB/T 22239-2019, 8.2.1.1: what a cloud's infrastructure consists of lies in the country. */
function regulatedRegion({ cloud, retention }: Part): Fault[] {
  const inChina = ["cnBank", "cnHospital"].includes(retention?.profile ?? "");
  if (!inChina || cloud === undefined || cloud.partition === "aws-cn") return [];
  const wrong = `is ${cloud.region}, outside of the country that profile ${retention?.profile} keeps data in`;
  return [at("cloud.region", wrong, "cn-north-1 or cn-northwest-1")];
}

function businessLife({ retention }: Part): Fault[] {
  if (retention?.profile !== "cnBank") return [];
  const { businessDays, auditDays } = retention;
  if (businessDays === undefined) {
    const wrong = "missing, and profile cnBank keeps records for the life of the business";
    return [at("retention.businessDays", wrong, "days, as in 1830")];
  }
  if (auditDays >= businessDays) return [];
  const wrong = `is ${auditDays}, shorter than the life of the business`;
  return [at("retention.auditDays", wrong, `at least ${businessDays}`)];
}

function hospitalStaysInside(settings: Part): Fault[] {
  const { environment, outside, patientData } = settings;
  if (environment !== "onprem-hospital") return [];
  const open = outside !== undefined && outside.ranges.length > 0;
  return [
    ...(open ? [at("outside.ranges", "is not empty in onprem-hospital", "[]")] : []),
    ...(patientData === undefined && "patientData" in settings
      ? [at("patientData", "missing in onprem-hospital", "an object with storageClass, groups")]
      : []),
  ];
}

function trainingPool({ fineTuning, cloud, inventory }: Part): Fault[] {
  if (fineTuning === undefined) return [];
  const sizes = [
    ...(cloud === undefined ? [] : gpuPools(cloud).map(([{ name }]) => [name, 8] as const)),
    ...(inventory ?? []).map(({ name, gpusPerNode }) => [name, gpusPerNode] as const),
  ];
  const size = sizes.find(([name]) => name === fineTuning.pool)?.[1];
  if (size === undefined) {
    const right = `one of ${sizes.map(([name]) => name).join(", ")}`;
    return [at("fineTuning.pool", `is ${JSON.stringify(fineTuning.pool)}`, right)];
  }
  if (fineTuning.gpus <= size) return [];
  return [at("fineTuning.gpus", `is ${fineTuning.gpus}`, `at most ${size}: one node's`)];
}

/** Where a cloud is missing or wrong, that is told, and nothing that follows from it. */
function placeUnknown(settings: Part): boolean {
  const { cloud, environment } = settings;
  return !("cloud" in settings) || (cloud === undefined && ON_AWS.includes(environment ?? ""));
}

/** Network policies see the API server's own address, not its Service's. */
function apiServerKnown({ network, postgres, fineTuning, cloud, site }: Part): Fault[] {
  const own = cloud === undefined || site?.other !== undefined;
  const asked = (own && postgres?.kind === "operator") || fineTuning !== undefined;
  if (!asked || network === undefined || network.apiServer.ranges.length > 0) return [];
  const wrong = "is empty, and programs of the site ask the API server";
  return [at("network.apiServer.ranges", wrong, "addresses, as in 10.0.0.8/29")];
}

function gpuPools(cloud: CloudSettings): [pool: GpuPoolSettings, index: number][] {
  return cloud.pools.flatMap((pool, index) => (pool.kind === "gpu" ? [[pool, index]] : []));
}

function repeatedAt(path: string, values: readonly string[], what: string, field?: string) {
  return values.flatMap((value, index) =>
    values.indexOf(value) === index
      ? []
      : [
          at(
            `${path}[${index}]${field === undefined ? "" : `.${field}`}`,
            `is ${JSON.stringify(value)}, as another ${what} already`,
            "one of its own",
          ),
        ],
  );
}
