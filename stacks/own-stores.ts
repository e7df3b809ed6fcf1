/**
 * Redis and PostgreSQL that a site keeps itself: in pods, or under PostgreSQL's operator; alone, or as
 * one of a pair of sites.
 */
import * as pulumi from "@pulumi/pulumi";
import type { CertificateHandle } from "../components/certificates.ts";
import { Postgres, type PostgresHandle } from "../components/postgres.ts";
import { PostgresCluster } from "../components/postgres-cluster.ts";
import { Redis, type RedisHandle } from "../components/redis.ts";
import { RestoreTest } from "../components/restore-test.ts";
import type { SiteArguments } from "./site-arguments.ts";

export interface Stores {
  readonly redis: RedisHandle;
  readonly postgres: PostgresHandle;
}

/** The certificate of a program, as an argument of its component. */
export type Secured = (program: string) => { readonly certificate: CertificateHandle };

export interface OwnStores extends Stores {
  /** What the other site of a pair follows them with; undefined: there is none, or this one follows. */
  readonly replication: pulumi.Output<{ postgres: string; redis: string }> | undefined;
}

export function ownStores(
  site: SiteArguments,
  options: pulumi.ComponentResourceOptions,
  secured: Secured,
): OwnStores {
  const redis = new Redis("redis", { ...site.redis, ...secured("redis") }, options);
  const postgres = ledger(site, options, secured);
  if (site.ledgerCopy !== null) {
    const { pair, ...copy } = site.ledgerCopy;
    const { certificate: replication } = secured("postgres-replication");
    const from = { ...copy, ...secured(copy.cluster), site: { ...pair, replication } };
    new PostgresCluster(copy.cluster, from, options);
  }
  if (site.restoreTest !== null) {
    const test = { ...site.restoreTest, ...secured("restore-test") };
    new RestoreTest("restore-test", test, options);
  }
  const { replicaPassword } = redis;
  return {
    redis,
    postgres,
    replication:
      replicaPassword === undefined
        ? undefined
        : pulumi.secret(
            pulumi
              .all([postgres.password, replicaPassword])
              .apply(([ledgerPassword, quotas]) => ({ postgres: ledgerPassword, redis: quotas })),
          ),
  };
}

function ledger(
  site: SiteArguments,
  options: pulumi.ComponentResourceOptions,
  secured: Secured,
): PostgresHandle {
  const { postgresCluster } = site;
  if (postgresCluster === null) {
    return new Postgres("postgres", { ...site.postgres, ...secured("postgres") }, options);
  }
  const { pair, followed, ...alone } = postgresCluster;
  const shared = { ...alone, ...secured("postgres") };
  if (pair === null && !followed) return new PostgresCluster("postgres", shared, options);
  const { certificate: replication } = secured("postgres-replication");
  if (pair === null) {
    return new PostgresCluster("postgres", { ...shared, followers: replication }, options);
  }
  return new PostgresCluster("postgres", { ...shared, site: { ...pair, replication } }, options);
}
