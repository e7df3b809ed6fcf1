import { container, DEPLOYMENT, labelled } from "./test-objects.ts";
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
    server: {
      type: DEPLOYMENT,
      props: labelled("redis", {
        containers: [
          container({
            command: ["redis-server", "/etc/redis.conf"],
            args: ["--port", "0", "--tls-port", "6379", "--tls-protocols", "TLSv1.3"],
          }),
          container({ command: ["postgres"], args: ["-c", "config_file=/etc/a", "-c", "ssl=on"] }),
        ],
      }),
    },
    cache: {
      type: "aws:elasticache/replicationGroup:ReplicationGroup",
      props: { transitEncryptionEnabled: true, transitEncryptionMode: "required" },
    },
    clusters: {
      type: "aws:rds/clusterParameterGroup:ClusterParameterGroup",
      props: {
        parameters: [
          { name: "rds.force_ssl", value: "1" },
          { name: "ssl_min_protocol_version", value: "TLSv1.3" },
        ],
      },
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
  passes: {
    "a port of what is no Redis": [
      ["server", "metadata.name", "model"],
      ["server", "spec.template.metadata.labels", {}],
      ["server", "spec.template.spec.containers", [container({ args: ["--port", "8000"] })]],
    ],
    "a shell's line": [
      [
        "server",
        "spec.template.spec.containers.0.command",
        ["sh", "-c", 'exec redis-server /etc/redis.conf --port 0 --tls-protocols "TLSv1.3" "$@"'],
      ],
      ["server", "spec.template.spec.containers.0.args", ["sh", "--appendonly", "yes"]],
    ],
  },
  fails: {
    "a plain port by an argument": [
      [["server", "spec.template.spec.containers.0.args.1", "6379"]],
      /container main is started with port 6379/,
    ],
    "a plain port within a shell's line": [
      [
        ["server", "spec.template.spec.containers.0.command", ["sh", "-c"]],
        [
          "server",
          "spec.template.spec.containers.0.args",
          ["exec redis-server /etc/redis.conf --port 6379 && true"],
        ],
      ],
      /started with port 6379/,
    ],
    "a second argument of one name": [
      [
        ["server", "spec.template.spec.containers.0.args.6", "--port"],
        ["server", "spec.template.spec.containers.0.args.7", "6379"],
      ],
      /started with port 6379/,
    ],
    "no port with TLS": [
      [["server", "spec.template.spec.containers.0.args.3", "0"]],
      /started with tls_port 0/,
    ],
    "an older protocol by an argument": [
      [["server", "spec.template.spec.containers.0.args.5", "TLSv1.2 TLSv1.3"]],
      /started with tls_protocols TLSv1.2 TLSv1.3/,
    ],
    "PostgreSQL without TLS by an argument": [
      [["server", "spec.template.spec.containers.1.args.3", "ssl=off"]],
      /started with ssl off/,
    ],
    "PostgreSQL without TLS by a long argument": [
      [["server", "spec.template.spec.containers.1.args", ["--ssl=off"]]],
      /started with ssl off/,
    ],
    "PostgreSQL with an older version by an argument": [
      [
        [
          "server",
          "spec.template.spec.containers.1.args",
          ["-cssl_min_protocol_version=TLSv1", "--SSL-min-protocol-version=TLSv1.2"],
        ],
      ],
      /started with ssl_min_protocol_version TLSv1.2/,
    ],
    "a group of a database's cluster": [[["clusters", "parameters", []]], /force_ssl/],
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
