import { judgedByTable } from "./test-table.ts";
import { tls13Monitoring } from "./tls13-monitoring.ts";

const GRAFANA = [
  ...["[server]", "protocol = https", "min_tls_version = TLS1.3", ""],
  ...["[auth.anonymous]", "enabled = false", ""],
].join("\n");

const PLAIN = [
  ...["scrape_configs:", "  - job_name: gpu", "    scheme: http", "    sample_limit: 1"],
  ...["    metric_relabel_configs:", "      - source_labels:", "          - __name__"],
  ...["        regex: DCGM_.*", "        action: keep", ""],
].join("\n");

judgedByTable(tls13Monitoring, {
  good: {
    prometheus: {
      type: "kubernetes:core/v1:ConfigMap",
      props: {
        data: {
          "web.yml": "tls_server_config:\n  cert_file: a\n  min_version: TLS13\n",
          "prometheus.yml":
            "scrape_configs:\n  - job_name: a\n    scheme: https\n  - job_name: b\n    scheme: https\n",
        },
      },
    },
    grafana: {
      type: "kubernetes:core/v1:ConfigMap",
      props: { data: { "grafana.ini": GRAFANA } },
    },
  },
  fails: {
    "a job in clear beside an Alertmanager over TLS": [
      [
        [
          "prometheus",
          ["data", "prometheus.yml"],
          "scrape_configs:\n  - job_name: a\nalerting:\n  alertmanagers:\n    - scheme: https\n",
        ],
      ],
      /scrapes without TLS/,
    ],
    "a Grafana that speaks in clear": [
      [["grafana", ["data", "grafana.ini"], GRAFANA.replace("https", "http")]],
      /protocol = https in \[server\]/,
    ],
    "a Grafana that takes an older protocol": [
      [["grafana", ["data", "grafana.ini"], GRAFANA.replace("TLS1.3", "TLS1.2")]],
      /min_tls_version = TLS1.3/,
    ],
    "a Grafana that lets anybody in": [
      [["grafana", ["data", "grafana.ini"], GRAFANA.replace("= false", "= true")]],
      /in \[auth.anonymous\]/,
    ],
    "a Grafana that says it elsewhere": [
      [["grafana", ["data", "grafana.ini"], GRAFANA.replace("auth.anonymous", "auth.basic")]],
      /in \[auth.anonymous\]/,
    ],
    "a web server with an older protocol": [
      [["prometheus", ["data", "web.yml"], "tls_server_config:\n  min_version: TLS12\n"]],
      /less than TLS 1.3/,
    ],
    "a web server without a least version": [
      [["prometheus", ["data", "web.yml"], "tls_server_config:\n  cert_file: a\n"]],
      /less than/,
    ],
    "a plain scrape": [
      [
        [
          "prometheus",
          ["data", "prometheus.yml"],
          "scrape_configs:\n  - job_name: a\n    scheme: http\n",
        ],
      ],
      /without TLS/,
    ],
    "one of several that does not say": [
      [
        [
          "prometheus",
          ["data", "prometheus.yml"],
          `alerting:\n  alertmanagers:\n    - scheme: https\nscrape_configs:\n  - job_name: a\n    scheme: https\n  - job_name: b\n`,
        ],
      ],
      /without TLS/,
    ],
    "a plain scrape that keeps more than counters of GPUs": [
      [["prometheus", ["data", "prometheus.yml"], PLAIN.replace("DCGM_", "(DCGM|api)_")]],
      /without TLS/,
    ],
    "a plain scrape of GPUs that renames what it kept": [
      [
        [
          "prometheus",
          ["data", "prometheus.yml"],
          `${PLAIN}        - target_label: __name__\n          replacement: up\n`,
        ],
      ],
      /without TLS/,
    ],
    "a scrape that does not say": [
      [["prometheus", ["data", "prometheus.yml"], "scrape_configs:\n  - job_name: a\n"]],
      /without TLS/,
    ],
    "a scrape that trusts anybody": [
      [
        [
          "prometheus",
          ["data", "prometheus.yml"],
          "scrape_configs:\n  - job_name: a\n    scheme: https\n    tls_config:\n      insecure_skip_verify: true\n",
        ],
      ],
      /any certificate/,
    ],
  },
  passes: {
    "counters of GPUs in clear": [["prometheus", ["data", "prometheus.yml"], PLAIN]],
  },
  open: {
    "a file of another program": [
      ["prometheus", "data", { "other.yml": "a: 1" }],
      ["grafana", "data", { "other.ini": "a = 1" }],
    ],
  },
  unknown: ["prometheus", ["data", "web.yml"]],
});
