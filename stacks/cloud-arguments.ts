/**
 * What each component of a site on AWS is told by the settings. The stack adds the handles of its
 * peers. Pure: no resource is made here.
 */

import { registryAddress } from "../components/aws/images.ts";
import { type AwsSite, names } from "../components/aws/place.ts";
import { MODEL_SERVER } from "../components/serving/model-component.ts";
import type { CloudSettings, PoolSettings, Settings } from "../config/schema.ts";
import { cloudArchive } from "./archive-arguments.ts";
import { PURPOSES } from "./cloud-keys.ts";
import { cloudPlace } from "./cloud-place.ts";
import { SERVICE } from "./places.ts";
import { repositoriesIn } from "./site-images.ts";
import { isManaged } from "./store-arguments.ts";

/** Quota, ledger and audit trail: 18:00 UTC is at night in China and in the afternoon in America. */
const BACKUP_SCHEDULE = "cron(0 18 * * ? *)";
/** Two hours after a backup has begun, in the night before Monday where it is made. */
const RESTORE_SCHEDULE = "cron(0 20 ? * SUN *)";

export function cloudArguments(settings: Settings, cloud: CloudSettings) {
  const site = cloudPlace(settings, cloud);
  const { control, logDays } = cloud;
  const deletable = !cloud.protect;
  const { coredns, "aws-ebs-csi-driver": volumes } = control.addons;
  const [systemPool] = cloud.pools.filter(({ kind }) => kind === "system");
  return {
    site,
    // Nothing is ever made in an account that the settings do not name.
    provider: {
      region: cloud.region,
      allowedAccountIds: [cloud.account],
      defaultTags: { tags: { "deepseek:stack": site.prefix, "deepseek:part": "service" } },
    },
    keys: {
      site,
      purposes: PURPOSES,
      replicated: cloud.weightsCopy === undefined ? [] : (["weights"] as const),
      primaries: cloud.weightsKeyOf === undefined ? {} : { weights: cloud.weightsKeyOf },
    },
    network: { site, logDays, source: networkSource(cloud) },
    cluster: clusterArguments(site, cloud),
    addons: {
      site,
      versions: { coredns, "aws-ebs-csi-driver": volumes },
      pool: systemPool?.name ?? "",
      volumePurposes: ["volumes"] as const,
    },
    pools: cloud.pools.map((pool) => poolArguments(site, control.version, pool)),
    // Repositories of another account, or of another registry, are its owner's.
    registry: {
      site,
      images: repositoriesIn(settings, registryAddress(site)),
      untaggedDays: 14,
      deletable,
    },
    weights: {
      site,
      deletable,
      oldVersionDays: 30,
      standby: standbyBucket(cloud),
      readers: [{ namespace: SERVICE, serviceAccount: MODEL_SERVER }],
    },
    audit: {
      site,
      lock:
        cloud.auditLock === "none"
          ? ({ mode: "none" } as const)
          : { mode: cloud.auditLock, days: settings.retention.auditDays },
    },
    archive: cloudArchive(settings, cloud),
    managed: isManaged(settings) ? managedArguments(settings, cloud, site) : null,
    balancer: { site, deletable, ...balancerArguments(settings) },
    volumes: {
      classes: [
        {
          name: settings.storage.class ?? "encrypted",
          purpose: "volumes" as const,
          isDefault: true,
        },
      ],
      onDestroy: settings.storage.onDestroy,
    },
    bucket: { region: cloud.region },
    failover: failover(settings, site),
  };
}

function standbyBucket({ weightsCopy }: CloudSettings) {
  if (weightsCopy === undefined) return undefined;
  const { bucket: bucketName, region, key: keyArn } = weightsCopy;
  return { bucketName, region, keyArn };
}

function balancerArguments({ edge, network, gateway }: Settings) {
  return {
    nodePorts: edge.ports,
    callerRanges: network.callerRanges,
    drainSeconds: gateway.longestStreamSeconds,
  };
}

function clusterArguments(site: AwsSite, { control, logDays, protect }: CloudSettings) {
  const { coredns: _, "aws-ebs-csi-driver": __, ...ofNodes } = control.addons;
  return {
    site,
    logDays,
    deletable: !protect,
    kubernetesVersion: control.version,
    administrators: control.administrators,
    privateRanges: control.callers,
    publicRanges: control.endpoint.kind === "public" ? control.endpoint.ranges : [],
    addonVersions: ofNodes,
  };
}

function managedArguments({ rotation }: Settings, cloud: CloudSettings, site: AwsSite) {
  const { logDays, database, cache } = cloud;
  const deletable = !cloud.protect;
  return {
    database: {
      site,
      logDays,
      deletable,
      engineVersion: database.version,
      instanceClass: database.instanceClass,
      storageGibibytes: database.storageGibibytes,
      storageGibibytesMax: database.storageGibibytes * 4,
      multiZone: database.multiZone,
      backupDays: database.backupDays,
      generation: rotation.ledger,
    },
    cache: {
      site,
      generation: rotation.quotas,
      engineVersion: cache.version,
      nodeType: cache.nodeType,
      nodes: cache.replicas + 1,
      snapshotDays: cloud.protect ? 7 : 0,
    },
    backups: {
      site,
      deletable,
      schedule: BACKUP_SCHEDULE,
      keepDays: database.backupDays,
      lock: cloud.auditLock,
      // On its account a scratch instance is paid for some hours a week; a trial of a stack goes without.
      restoreTest: cloud.protect
        ? { schedule: RESTORE_SCHEDULE, subnetGroup: names.database(site) }
        : undefined,
    },
  };
}

function failover({ site, edge }: Settings, place: AwsSite) {
  const { failover: wanted } = site;
  const [host] = edge.hosts;
  if (wanted === undefined || host === undefined) return null;
  const { zoneId, addresses, alarm, alarmMinutes, ttlSeconds } = wanted;
  return {
    site: place,
    zoneId,
    host,
    primary: { kind: "addresses" as const, addresses, ttlSeconds },
    health: { kind: "alarm" as const, alarmName: alarm, minutes: alarmMinutes },
  };
}

function networkSource({ network, zones }: CloudSettings) {
  if (network.kind === "new") return { mode: "new" as const, cidr: network.range, zones };
  const { vpc, range, subnets } = network;
  return { mode: "given" as const, vpcId: vpc, cidr: range, subnets };
}

function poolArguments(site: AwsSite, kubernetesVersion: string, pool: PoolSettings) {
  const { min, max, first = min } = pool.nodes;
  return {
    site,
    kubernetesVersion,
    pool: pool.name,
    size: { min, max, desired: first },
    releaseVersion: pool.release,
    volumeGibibytes: pool.diskGibibytes,
    nodes:
      pool.kind === "system"
        ? { kind: "system" as const, instanceTypes: [pool.instanceType] }
        : {
            kind: "gpu" as const,
            instanceType: pool.instanceType,
            zone: pool.zone,
            capacity: pool.capacity,
            fabric: pool.fabric,
          },
  };
}
