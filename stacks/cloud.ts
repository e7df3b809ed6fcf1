/**
 * A site on AWS (dev, staging, prod, and a standby): its own network, cluster, node groups, keys and
 * managed stores, and on them what every site serves with. Reads as an inventory.
 */

import { Provider } from "@pulumi/aws/provider.js";
import * as k8s from "@pulumi/kubernetes";
import { AuditArchive } from "../components/aws/audit-archive.ts";
import { Backups } from "../components/aws/backups.ts";
import { Balancer } from "../components/aws/balancer.ts";
import { Cache } from "../components/aws/cache.ts";
import { Cluster } from "../components/aws/cluster.ts";
import { ClusterAddons } from "../components/aws/cluster-addons.ts";
import { Database } from "../components/aws/database.ts";
import { balancerAddress, DnsFailover } from "../components/aws/dns-failover.ts";
import { Registry } from "../components/aws/images.ts";
import { Keys } from "../components/aws/keys.ts";
import { ModelBucket } from "../components/aws/model-bucket.ts";
import { Network } from "../components/aws/network.ts";
import { NodePool } from "../components/aws/node-pool.ts";
import { VolumeClasses } from "../components/aws/volume-classes.ts";
import type { Settings } from "../config/schema.ts";
import { ARCHIVE_WRITERS } from "./archive-arguments.ts";
import { cloudArguments } from "./cloud-arguments.ts";
import { ownStores } from "./own-stores.ts";
import { sitePlan } from "./plan.ts";
import { service } from "./service.ts";
import { siteArguments } from "./site-arguments.ts";

export function cloud(settings: Settings) {
  if (settings.cloud === undefined) throw new Error("the settings name no cloud");
  const aws = cloudArguments(settings, settings.cloud);
  const site = siteArguments(settings);
  const inCloud = { provider: new Provider("aws", aws.provider) };
  const keys = new Keys("keys", aws.keys, inCloud);
  const network = new Network("network", { ...aws.network, keys }, inCloud);
  const cluster = new Cluster("eks", { ...aws.cluster, network, keys }, inCloud);
  const ground = { cluster, network, keys };
  const pools = aws.pools.map(
    (pool) => new NodePool(`pool-${pool.pool}`, { ...pool, ...ground }, inCloud),
  );
  const addons = new ClusterAddons(
    "addons",
    { ...aws.addons, cluster, keys },
    { ...inCloud, dependsOn: pools },
  );
  new Registry("registry", { ...aws.registry, keys }, inCloud);
  const weights = new ModelBucket("weights", { ...aws.weights, cluster, keys }, inCloud);
  const writers = { cluster, accounts: ARCHIVE_WRITERS };
  const archive = new AuditArchive("audit", { ...aws.audit, keys, writers }, inCloud);
  const managed = aws.managed === null ? null : managedStores(aws.managed, { ...ground, inCloud });
  const front = pools.filter((_, index) => aws.pools[index]?.nodes.kind === "system");
  const balancer = new Balancer(
    "balancer",
    { ...aws.balancer, network, cluster, pools: front },
    inCloud,
  );

  const provider = new k8s.Provider(
    "cluster",
    { ...site.provider, kubeconfig: cluster.kubeconfig },
    { dependsOn: [addons] },
  );
  new VolumeClasses("volumes", { ...aws.volumes, keys }, { provider });
  const outputs = service(site, {
    provider,
    stores: (guarded, secured) => managed ?? ownStores(site, guarded, secured),
    weights: { ...aws.bucket, bucket: weights.bucketName, key: keys.arn("weights") },
    archive: { ...aws.archive, bucket: archive.bucketName, key: keys.arn("audit") },
  });
  if (aws.failover !== null) {
    const standby = balancerAddress(balancer);
    new DnsFailover("failover", { ...aws.failover, standby }, inCloud);
  }
  return { ...outputs, plan: sitePlan(settings) };
}

/** Stores that AWS keeps; a site of a pair keeps them itself, since AWS' follow no other server. */
function managedStores(
  args: NonNullable<ReturnType<typeof cloudArguments>["managed"]>,
  { inCloud, ...ground }: Grounded,
) {
  const postgres = new Database("database", { ...args.database, ...ground }, inCloud);
  const redis = new Cache("cache", { ...args.cache, ...ground }, inCloud);
  const { keys } = ground;
  new Backups("backups", { ...args.backups, database: postgres.arn, keys }, inCloud);
  return { redis, postgres };
}

interface Grounded {
  readonly cluster: Cluster;
  readonly network: Network;
  readonly keys: Keys;
  readonly inCloud: { readonly provider: Provider };
}
