import { container, DEPLOYMENT, labelled } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";
import { tls13Stores } from "./tls13-stores.ts";

const encoded = (text: string) => Buffer.from(text).toString("base64");

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
    secret: {
      type: "kubernetes:core/v1:Secret",
      props: {
        ...{ kind: "Secret", metadata: { name: "users" } },
        data: { "replication.conf": encoded("masteruser replica\nmasterauth x\n") },
      },
    },
    pooler: {
      type: "kubernetes:postgresql.cnpg.io/v1:Pooler",
      props: {
        spec: {
          pgbouncer: {
            parameters: { client_tls_sslmode: "require", client_tls_protocols: "tlsv1.3" },
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
    "a script that listens to nobody": [
      ["redis", ["data", "probe.sh"], "redis-cli --tls -p 6379 ping | grep PONG\n"],
    ],
    "settings of other programs": [
      ["redis", ["data", "nginx.conf"], "server {\n  listen 443;\n  ssl on;\n}\n"],
      ["redis", ["data", "client.properties"], "port: 8080\nssl: false\n"],
    ],
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
      /container main leaves a plain port open \(port = 6379\)/,
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
      /port open \(port = 6379\)/,
    ],
    "a second argument of one name": [
      [
        ["server", "spec.template.spec.containers.0.args.6", "--port"],
        ["server", "spec.template.spec.containers.0.args.7", "6379"],
      ],
      /port open \(port = 6379\)/,
    ],
    "no port with TLS": [
      [["server", "spec.template.spec.containers.0.args.3", "0"]],
      /no port with TLS \(tls-port = 0\)/,
    ],
    "an older protocol by an argument": [
      [["server", "spec.template.spec.containers.0.args.5", "TLSv1.2 TLSv1.3"]],
      /tls-protocols = TLSv1.2 TLSv1.3/,
    ],
    "PostgreSQL without TLS by an argument": [
      [["server", "spec.template.spec.containers.1.args.3", "ssl=off"]],
      /no TLS \(ssl = off\)/,
    ],
    "PostgreSQL without TLS by a long argument": [
      [["server", "spec.template.spec.containers.1.args", ["--ssl=off"]]],
      /no TLS \(ssl = off\)/,
    ],
    "PostgreSQL with an older version by an argument": [
      [
        [
          "server",
          "spec.template.spec.containers.1.args",
          ["-cssl_min_protocol_version=TLSv1", "--SSL-min-protocol-version=TLSv1.2"],
        ],
      ],
      /ssl_min_protocol_version = TLSv1.2/,
    ],
    "a file of another name": [
      [["redis", ["data", "main.conf"], "port 0\nbind 0.0.0.0\nappendonly yes\n"]],
      /main.conf takes less than TLS 1.3 \(tls-protocols = /,
    ],
    "a part that says no more than a port": [
      [["redis", ["data", "more.conf"], "port 6379\n"]],
      /more.conf leaves a plain port open/,
    ],
    "a part in a folder of others": [
      [["own", ["data", "00-site"], "ssl = 'off'\n"]],
      /00-site has no TLS \(ssl = off\)/,
    ],
    "a file that is encoded": [
      [["own", "binaryData", { "postgresql.conf": encoded("ssl = off\n") }]],
      /has no TLS/,
    ],
    "a part in a Secret": [
      [["secret", "data", { "replication.conf": encoded("masteruser a\nport 6379\n") }]],
      /Secret users, replication.conf leaves a plain port open/,
    ],
    "a plain port of a start script": [
      [["redis", ["data", "start.sh"], "exec redis-server /etc/redis.conf --port 6379\n"]],
      /start.sh leaves a plain port open/,
    ],
    "a plain port by a command": [
      [["redis", ["data", "later.sh"], "redis-cli config set port 6379\n"]],
      /later.sh leaves a plain port open/,
    ],
    "a plain port by a variable": [
      [
        [
          "server",
          "spec.template.spec.containers.0.env",
          [{ name: "REDIS_ARGS", value: "--port 6379" }],
        ],
      ],
      /container main leaves a plain port open/,
    ],
    "an older version by a variable": [
      [
        [
          "server",
          "spec.template.spec.containers.1.env",
          [{ name: "POSTGRES_INITDB_ARGS", value: "--set ssl_min_protocol_version=TLSv1" }],
        ],
      ],
      /ssl_min_protocol_version = TLSv1\)/,
    ],
    "a statement of a first start": [
      [["own", ["data", "init.sql"], "CREATE TABLE a ();\nALTER SYSTEM SET ssl TO 'off';\n"]],
      /init.sql has no TLS/,
    ],
    "a statement of a cluster's first start": [
      [
        [
          "cluster",
          "spec.bootstrap.initdb.postInitSQL",
          ["ALTER SYSTEM SET ssl_min_protocol_version = 'TLSv1'"],
        ],
      ],
      /Cluster .* \(ssl_min_protocol_version = TLSv1\)/,
    ],
    "a cluster whose statements change it": [
      [["cluster", "spec.postgresql.enableAlterSystem", true]],
      /Remove enableAlterSystem/,
    ],
    "a pooler as its operator makes it": [
      [["pooler", "spec.pgbouncer.parameters", {}]],
      /client_tls_sslmode = prefer.*\n.*client_tls_protocols = secure/,
    ],
    "a pooler that asks its cluster in clear": [
      [["pooler", "spec.pgbouncer.parameters.server_tls_sslmode", "prefer"]],
      /server_tls_sslmode = prefer/,
    ],
    "a group of a database's cluster": [[["clusters", "parameters", []]], /force_ssl/],
    "a database under the service's own parameters by name": [
      [["database", "parameterGroupName", "default.postgres17"]],
      /default parameters/,
    ],
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
      /tls-protocols = TLSv1.2 TLSv1.3/,
    ],
    "no word about protocols": [
      [["redis", ["data", "redis.conf"], "port 0\n"]],
      /takes less than TLS 1.3 \(.* = TLSv1.2/,
    ],
    "PostgreSQL without TLS": [[["own", ["data", "postgresql.conf"], "ssl = off\n"]], /has no TLS/],
    "PostgreSQL's own least version": [
      [["own", ["data", "postgresql.conf"], "ssl = on\n"]],
      /takes less than TLS 1.3 \(.* = TLSv1.2/,
    ],
    "a cluster without a least version": [
      [["cluster", "spec.postgresql.parameters", {}]],
      /ssl_min_protocol_version = TLSv1.2/,
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
