import { logContent } from "./log-content.ts";
import { container, DEPLOYMENT, deployment } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

const QUIET = { log_statement: "none", log_min_error_statement: "panic" };

/** A ConfigMap of the gateway's namespace, and what of its container names it. */
const LEVELS = { type: "kubernetes:core/v1:ConfigMap" };
const levels = (data: object) => ({
  ...LEVELS,
  props: { metadata: { name: "levels", namespace: "deepseek" }, data },
});
const ENV = "spec.template.spec.containers.0.env.0";
const ENV_FROM = "spec.template.spec.containers.0.envFrom";
const BY_KEY = {
  name: "GW_LOG_LEVEL",
  valueFrom: { configMapKeyRef: { name: "levels", key: "LEVEL" } },
};
const FROM_MAP = [{ configMapRef: { name: "levels" } }];

/** postgresql.conf with lines of its own. */
const postgres = (lines: string) => `log_min_error_statement = panic\n${lines}\n`;

judgedByTable(logContent, {
  good: {
    nginx: {
      type: "kubernetes:core/v1:ConfigMap",
      props: {
        data: {
          "nginx.conf": "log_format a '$uri $status';\n",
          "postgresql.conf": "log_statement = 'none'\nlog_min_error_statement = panic\n",
        },
      },
    },
    pods: {
      type: DEPLOYMENT,
      props: deployment({
        containers: [
          container({
            args: ["serve"],
            env: [
              { name: "GW_LOG_LEVEL", value: "info" },
              { name: "GW_PROMPTS", value: "hash" },
            ],
          }),
        ],
      }),
    },
    levels: levels({ VLLM_LOGGING_LEVEL: "INFO", LEVEL: "info" }),
    secret: {
      type: "kubernetes:core/v1:Secret",
      props: { metadata: { name: "logs" }, stringData: { site: "upstream a { server b; }" } },
    },
    cluster: {
      type: "kubernetes:postgresql.cnpg.io/v1:Cluster",
      props: { spec: { postgresql: { parameters: QUIET } } },
    },
    clusters: {
      type: "aws:rds/clusterParameterGroup:ClusterParameterGroup",
      props: { parameters: [{ name: "log_min_error_statement", value: "panic" }] },
    },
    group: {
      type: "aws:rds/parameterGroup:ParameterGroup",
      props: {
        parameters: Object.entries(QUIET).map(([name, value]) => ({ name, value })),
      },
    },
  },
  open: {
    "a level from a Secret": [["pods", ENV_FROM, [{ secretRef: { name: "keys" } }]]],
    "a level from a map of somebody else": [
      ["pods", ENV_FROM, [{ configMapRef: { name: "others" } }]],
    ],
    "a level from a map that a later Secret may override": [
      ["pods", ENV_FROM, [...FROM_MAP, { secretRef: { name: "keys" } }]],
    ],
    "a level from a field of the pod": [
      [
        "pods",
        ENV,
        { name: "GW_LOG_LEVEL", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      ],
    ],
  },
  passes: {
    "levels in a map of the stack": [
      ["pods", ENV, BY_KEY],
      ["pods", ENV_FROM, FROM_MAP],
    ],
  },
  fails: {
    "a level in a map of the stack": [
      [
        ["pods", ENV_FROM, FROM_MAP],
        ["levels", "data.VLLM_LOGGING_LEVEL", "DEBUG"],
      ],
      /VLLM_LOGGING_LEVEL is DEBUG/,
    ],
    "a level by a key of a map": [
      [
        ["pods", ENV, BY_KEY],
        ["levels", "data.LEVEL", "trace"],
      ],
      /GW_LOG_LEVEL is trace/,
    ],
    "a level in another variable": [
      [
        ["pods", ENV, { name: "GW_LOG_LEVEL", value: "$(LEVEL)" }],
        ["pods", ENV_FROM, FROM_MAP],
        ["levels", "data.LEVEL", "debug"],
      ],
      /GW_LOG_LEVEL is debug/,
    ],
    "a word in a map of the stack": [
      [
        ["pods", "spec.template.spec.containers.0.args", ["serve", "$(LEVEL)"]],
        ["pods", ENV_FROM, FROM_MAP],
        ["levels", "data.LEVEL", "--enable-log-requests"],
      ],
      /told to log what it is asked/,
    ],
    "a level beside what comes from a Secret": [
      [
        ["pods", ENV_FROM, [{ secretRef: { name: "keys" } }]],
        ["pods", ENV, { name: "GW_LOG_LEVEL", value: "debug" }],
      ],
      /GW_LOG_LEVEL is debug/,
    ],
    "an nginx' format in a Secret": [
      [["secret", ["stringData", "site"], "log_format a '$request_body';\n"]],
      /Secret logs, site logs \$request_body/,
    ],
    "an nginx' format in a file of any name, on one line": [
      [["nginx", ["data", "edge.txt"], "http { log_format a '$args'; access_log /dev/stdout a; }"]],
      /edge.txt logs \$args/,
    ],
    "an nginx' format in words": [
      [
        [
          "pods",
          "spec.template.spec.containers.0.args",
          ["-g", "access_log /dev/stdout combined;"],
        ],
      ],
      /container main logs \$request \(access_log/,
    ],
    "statements by a file of another name": [
      [["nginx", ["data", "10-slow"], "log_min_duration_statement = 0\n"]],
      /10-slow logs statements \(log_min_duration_statement = 0\)/,
    ],
    "statements by a statement": [
      [["nginx", ["data", "init.sql"], "ALTER ROLE gateway SET log_statement = 'all';\n"]],
      /init.sql logs statements \(log_statement = all\)/,
    ],
    "statements by a variable": [
      [
        [
          "pods",
          "spec.template.spec.containers.0.env",
          [{ name: "PGOPTIONS", value: "-c log_statement=mod" }],
        ],
      ],
      /container main logs statements \(log_statement = mod\)/,
    ],
    "statements by a cluster's first statements": [
      [
        [
          "cluster",
          "spec.bootstrap.initdb.postInitApplicationSQL",
          ["ALTER DATABASE ledger SET log_statement TO 'all'"],
        ],
      ],
      /logs statements \(log_statement = all\)/,
    ],
    "nginx' own format": [
      [["nginx", ["data", "nginx.conf"], "access_log /dev/stdout;\n"]],
      /logs \$request/,
    ],
    "nginx' own format by its name": [
      [["nginx", ["data", "nginx.conf"], "  access_log /dev/stdout combined buffer=8k;\n"]],
      /logs \$request/,
    ],
    bodies: [
      [["nginx", ["data", "nginx.conf"], "log_format a '$request_body';\n"]],
      /logs \$request_body/,
    ],
    "query strings": [
      [["nginx", ["data", "nginx.conf"], "  log_format a '$uri'\n  '$args';\n"]],
      /logs \$args/,
    ],
    credentials: [
      [["nginx", ["data", "nginx.conf"], "log_format a '$http_authorization';\n"]],
      /http_authorization/,
    ],
    statements: [
      [["nginx", ["data", "postgresql.conf"], "log_statement = 'all'\n"]],
      /logs statements \(log_statement = all\)/,
    ],
    "statements under another spelling": [
      [["nginx", ["data", "postgresql.conf"], postgres("LOG_STATEMENT 'all'")]],
      /log_statement = all/,
    ],
    "slow statements": [
      [["nginx", ["data", "postgresql.conf"], postgres("log_min_duration_statement = 250ms")]],
      /log_min_duration_statement = 250ms/,
    ],
    "what statements are given": [
      [["nginx", ["data", "postgresql.conf"], postgres("log_parameter_max_length = -1")]],
      /log_parameter_max_length = -1/,
    ],
    "statements that failed, unasked": [
      [["nginx", ["data", "postgresql.conf"], "log_statement = none\n"]],
      /log_min_error_statement = error/,
    ],
    "plans with their values": [
      [["nginx", ["data", "postgresql.conf"], postgres("auto_explain.log_min_duration = '1s'")]],
      /auto_explain.log_min_duration = 1s/,
    ],
    "statements by an argument": [
      [["pods", "spec.template.spec.containers.0.args", ["-c", "log_statement=all"]]],
      /logs statements \(log_statement = all\)/,
    ],
    "slow statements by an argument": [
      [["pods", "spec.template.spec.containers.0.args", ["--log-min-duration-statement=0"]]],
      /logs statements \(log_min_duration_statement = 0\)/,
    ],
    "slow statements of a cluster, as a number": [
      [["cluster", "spec.postgresql.parameters.log_min_duration_statement", 0]],
      /Cluster .* logs statements/,
    ],
    "slow statements of RDS": [
      [["group", "parameters.2", { name: "log_min_duration_statement", value: "100" }]],
      /log_min_duration_statement = 100/,
    ],
    "failed statements of a cluster of RDS": [
      [["clusters", "parameters", []]],
      /clusters logs statements/,
    ],
    "a gateway that tells everything": [
      [["pods", "spec.template.spec.containers.0.env.0.value", "debug"]],
      /GW_LOG_LEVEL is debug/,
    ],
    "prompts in clear": [
      [["pods", "spec.template.spec.containers.0.env.1.value", "clear"]],
      /GW_PROMPTS is clear/,
    ],
    "an engine that logs requests": [
      [["pods", "spec.template.spec.containers.0.args", ["serve", "--enable-log-requests"]]],
      /told to log/,
    ],
    "traces with messages": [
      [
        [
          "pods",
          "spec.template.spec.initContainers",
          [
            container({
              env: [{ name: "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", value: "true" }],
            }),
          ],
        ],
      ],
      /init container/,
    ],
    "a debugging ephemeral container": [
      [
        [
          "pods",
          "spec.template.spec.ephemeralContainers",
          [container({ env: [{ name: "VLLM_LOGGING_LEVEL", value: "DEBUG" }] })],
        ],
      ],
      /ephemeral container/,
    ],
    "statements of a cluster": [
      [["cluster", "spec.postgresql.parameters.log_statement", "mod"]],
      /Cluster .* logs statements/,
    ],
    "statements of RDS": [
      [["group", "parameters.0.value", "ddl"]],
      /logs statements \(log_statement = ddl\)/,
    ],
  },
  unknown: ["nginx", ["data", "nginx.conf"]],
});
