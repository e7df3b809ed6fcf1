import { replicatedState } from "./replicated-state.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(replicatedState, {
  good: {
    database: { type: "aws:rds/instance:Instance", props: { multiAz: true } },
    cache: {
      type: "aws:elasticache/replicationGroup:ReplicationGroup",
      props: { numCacheClusters: 2, automaticFailoverEnabled: true, multiAzEnabled: true },
    },
    cluster: {
      type: "kubernetes:postgresql.cnpg.io/v1:Cluster",
      props: {
        spec: { instances: 3, postgresql: { synchronous: { dataDurability: "required" } } },
      },
    },
    set: {
      type: "kubernetes:apps/v1:StatefulSet",
      props: { metadata: { name: "redis" }, spec: { replicas: 3, volumeClaimTemplates: [{}] } },
    },
  },
  passes: { "one without data": [["set", "spec", { replicas: 1 }]] },
  fails: {
    "a database in one zone": [[["database", "multiAz", false]], /stands in one zone/],
    "a cache alone": [[["cache", "numCacheClusters", 1]], /no replica/],
    "a cache that waits for a person": [
      [["cache", "automaticFailoverEnabled", undefined]],
      /by itself/,
    ],
    "a cache in one zone": [[["cache", "multiAzEnabled", false]], /one zone/],
    "one instance": [[["cluster", "spec.instances", 1]], /has 1 instance/],
    "a cluster that may lose": [
      [["cluster", "spec.postgresql.synchronous.dataDurability", "preferred"]],
      /may lose/,
    ],
    "a set of one": [[["set", "spec.replicas", 1]], /has 1 replica/],
    "a set that does not say": [[["set", "spec.replicas", undefined]], /has 1 replica/],
  },
  unknown: ["database", "multiAz"],
});
