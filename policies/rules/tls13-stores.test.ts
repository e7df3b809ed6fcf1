import { judgedByTable } from "./test-table.ts";
import { tls13Stores } from "./tls13-stores.ts";

judgedByTable(tls13Stores, {
  good: {
    database: { type: "aws:rds/instance:Instance", props: { parameterGroupName: "g" } },
    single: { type: "aws:elasticache/cluster:Cluster", props: { transitEncryptionEnabled: true } },
    redis: {
      type: "kubernetes:core/v1:ConfigMap",
      props: {
        metadata: { name: "redis" },
        data: { "redis.conf": 'port 0\ntls-port 6379\ntls-protocols "TLSv1.3"\n' },
      },
    },
    own: {
      type: "kubernetes:core/v1:ConfigMap",
      props: { data: { "postgresql.conf": "ssl = on\nssl_min_protocol_version = 'TLSv1.3'\n" } },
    },
    cluster: {
      type: "kubernetes:postgresql.cnpg.io/v1:Cluster",
      props: {
        spec: {
          postgresql: {
            parameters: { ssl_min_protocol_version: "TLSv1.3" },
            pg_hba: ["hostssl a a all scram-sha-256", "host all all all reject"],
          },
        },
      },
    },
    cache: {
      type: "aws:elasticache/replicationGroup:ReplicationGroup",
      props: { transitEncryptionEnabled: true, transitEncryptionMode: "required" },
    },
    group: {
      type: "aws:rds/parameterGroup:ParameterGroup",
      props: {
        parameters: [
          { name: "rds.force_ssl", value: "1" },
          { name: "ssl_min_protocol_version", value: "TLSv1.3" },
        ],
      },
    },
  },
  fails: {
    "a database under its service's own parameters": [
      [["database", "parameterGroupName", undefined]],
      /default parameters/,
    ],
    "a single cache in clear": [
      [["single", "transitEncryptionEnabled", undefined]],
      /single takes plain connections/,
    ],
    "a plain port": [
      [["redis", ["data", "redis.conf"], 'port 6379\ntls-protocols "TLSv1.3"\n']],
      /plain port/,
    ],
    "an older protocol": [
      [["redis", ["data", "redis.conf"], 'port 0\ntls-protocols "TLSv1.2 TLSv1.3"\n']],
      /takes TLSv1.2 TLSv1.3/,
    ],
    "no word about protocols": [[["redis", ["data", "redis.conf"], "port 0\n"]], /takes TLSv1.2/],
    "PostgreSQL without TLS": [[["own", ["data", "postgresql.conf"], "ssl = off\n"]], /has no TLS/],
    "PostgreSQL's own least version": [
      [["own", ["data", "postgresql.conf"], "ssl = on\n"]],
      /takes TLSv1.2/,
    ],
    "a cluster without a least version": [
      [["cluster", "spec.postgresql.parameters", {}]],
      /any version/,
    ],
    "a cluster that lets plain callers in": [
      [["cluster", "spec.postgresql.pg_hba", ["host a a all md5"]]],
      /without TLS/,
    ],
    "a cache that prefers TLS only": [
      [["cache", "transitEncryptionMode", "preferred"]],
      /plain connections/,
    ],
    "a database that takes plain connections": [
      [["group", "parameters", [{ name: "rds.force_ssl", value: "0" }]]],
      /force_ssl/,
    ],
  },
  unknown: ["redis", ["data", "redis.conf"]],
});
