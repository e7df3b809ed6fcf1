import { logContent } from "./log-content.ts";
import { container, DEPLOYMENT, deployment } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(logContent, {
  good: {
    nginx: {
      type: "kubernetes:core/v1:ConfigMap",
      props: {
        data: {
          "nginx.conf": "log_format a '$uri $status';\n",
          "postgresql.conf": "log_statement = 'none'\n",
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
    cluster: {
      type: "kubernetes:postgresql.cnpg.io/v1:Cluster",
      props: { spec: { postgresql: { parameters: { log_statement: "none" } } } },
    },
    group: {
      type: "aws:rds/parameterGroup:ParameterGroup",
      props: { parameters: [{ name: "log_statement", value: "none" }] },
    },
  },
  fails: {
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
      /logs statements \(all\)/,
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
    "statements of RDS": [[["group", "parameters.0.value", "ddl"]], /logs statements \(ddl\)/],
  },
  unknown: ["nginx", ["data", "nginx.conf"]],
});
