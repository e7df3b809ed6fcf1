/**
 * What the components of AWS would refuse, as faults of the settings that lead to it: names too long for
 * AWS, subnets that do not fit, a block of capacity that nodes are asked of too early, a database that
 * pins nothing. Told with all others, before the first resource. Pure.
 */
import { capacityFaults } from "../components/aws/capacity.ts";
import { versionFaults } from "../components/aws/database-parameters.ts";
import { siteFaults as placeFaults } from "../components/aws/place.ts";
import { subnetsFault } from "../components/aws/subnets.ts";
import type { Fault } from "../config/fault.ts";
import type { CloudSettings, Settings } from "../config/schema.ts";
import { cloudPlace } from "./cloud-place.ts";
import { isManaged } from "./store-arguments.ts";

export function cloudFaults(settings: Settings): Fault[] {
  const { cloud } = settings;
  if (cloud === undefined) return [];
  return [
    ...namesFit(settings, cloud),
    ...rangeFits(cloud),
    ...zonesHaveSubnets(cloud),
    ...poolsStart(cloud),
    ...keysElsewhere(cloud),
    ...(isManaged(settings) ? databasePinned(cloud) : []),
  ];
}

/** Region, partition and account were judged before (config/site-relations.ts). */
function namesFit(settings: Settings, cloud: CloudSettings): Fault[] {
  return placeFaults(cloudPlace(settings, cloud))
    .filter(({ argument }) => argument === "prefix")
    .map(({ wrong, right }) => ({ path: "deepseek:cluster.clusterIdentifier", wrong, right }));
}

function rangeFits({ network, zones }: CloudSettings): Fault[] {
  if (network.kind !== "new") return [];
  const fault = subnetsFault(network.range, zones.length);
  if (fault === undefined) return [];
  const { argument, wrong, right } = fault;
  const at = { range: "network.range", zones: "zones" }[argument];
  return [{ path: `deepseek:cloud.${at}`, wrong, right }];
}

/** Pools, endpoints and stores stand in the zones' subnets. */
function zonesHaveSubnets({ network, zones, pools }: CloudSettings): Fault[] {
  if (network.kind !== "given") return [];
  const there = network.subnets.map(({ zone }) => zone);
  const asked = [...zones, ...pools.flatMap((pool) => (pool.kind === "gpu" ? [pool.zone] : []))];
  const missing = [...new Set(asked)].filter((zone) => !there.includes(zone));
  if (missing.length === 0) return [];
  const wrong = `has subnets in ${there.join(", ")}, and none in ${missing.join(", ")}`;
  return [{ path: "deepseek:cloud.network.subnets", wrong, right: "one for each zone" }];
}

function poolsStart({ pools }: CloudSettings): Fault[] {
  return pools.flatMap((pool, index) => {
    if (pool.kind !== "gpu") return [];
    const { min, max, first = min } = pool.nodes;
    const size = { min, max, desired: first };
    // The rest of a block is judged before (config/site-relations.ts).
    return capacityFaults(pool.capacity, pool.zone, size)
      .filter(({ argument }) => argument === "size")
      .map(({ wrong, right }) => ({
        path: `deepseek:cloud.pools[${index}].nodes`,
        wrong,
        right,
      }));
  });
}

/** A key of weights and its replica are one key in two regions of one account. */
function keysElsewhere({ partition, region, account, weightsCopy, weightsKeyOf }: CloudSettings) {
  const at = (path: string, wrong: string, right: string): Fault => ({
    path: `deepseek:cloud.${path}`,
    wrong,
    right,
  });
  const of = (key: string) => {
    const [, where, service, place, owner] = key.split(":");
    return { place, is: service === "kms" && where === partition && owner === account };
  };
  const faults: Fault[] = [];
  if (weightsCopy?.region === region) {
    faults.push(at("weightsCopy.region", `is ${region}, the site's own`, "the standby's region"));
  }
  if (weightsCopy !== undefined) {
    const { is, place } = of(weightsCopy.key);
    const right = `a key of KMS in ${weightsCopy.region}, in this account`;
    if (!is || place !== weightsCopy.region) {
      faults.push(at("weightsCopy.key", `is ${weightsCopy.key}`, right));
    }
  }
  if (weightsKeyOf !== undefined) {
    const { is, place } = of(weightsKeyOf);
    const right = "the primary's key of KMS, in another region of this account";
    if (!is || place === region) faults.push(at("weightsKeyOf", `is ${weightsKeyOf}`, right));
  }
  return faults;
}

function databasePinned({ database }: CloudSettings): Fault[] {
  return versionFaults(database.version).map(({ wrong, right }) => ({
    path: "deepseek:cloud.database.version",
    wrong,
    right,
  }));
}
