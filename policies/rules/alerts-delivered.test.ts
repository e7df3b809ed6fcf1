import { alertsDelivered } from "./alerts-delivered.ts";
import { judgedByTable } from "./test-table.ts";

const ROUTES = `route:
  receiver: mail
  routes:
    - matchers:
        - severity = "critical"
      receiver: pager
receivers:
  - name: nobody
  - name: mail
    webhook_configs:
      - url: https://a.example
  - name: pager
    webhook_configs:
      - url: https://b.example
`;

judgedByTable(alertsDelivered, {
  good: {
    alertmanager: {
      type: "kubernetes:core/v1:Secret",
      props: { stringData: { "alertmanager.yml": ROUTES } },
    },
    prometheus: {
      type: "kubernetes:core/v1:ConfigMap",
      props: {
        data: {
          "prometheus.yml":
            "rule_files:\n  - /etc/rules.yml\nalerting:\n  alertmanagers:\n    - scheme: https\n",
        },
      },
    },
  },
  fails: {
    nobody: [
      [
        [
          "alertmanager",
          ["stringData", "alertmanager.yml"],
          ROUTES.replace("receiver: mail", "receiver: nobody"),
        ],
      ],
      /alerts go to nobody/,
    ],
    "nobody for what is critical": [
      [
        [
          "alertmanager",
          ["stringData", "alertmanager.yml"],
          ROUTES.replace("receiver: pager", "receiver: nobody"),
        ],
      ],
      /critical alerts go to nobody/,
    ],
    "a receiver without an address": [
      [
        [
          "alertmanager",
          ["stringData", "alertmanager.yml"],
          ROUTES.replaceAll("webhook_configs", "none"),
        ],
      ],
      /has no address/,
    ],
    "an empty file": [[["alertmanager", ["stringData", "alertmanager.yml"], ""]], /go to nobody/],
    "no rules": [
      [["prometheus", ["data", "prometheus.yml"], "alerting:\n  alertmanagers:\n    - a: b\n"]],
      /no rules/,
    ],
    "nobody to tell": [
      [["prometheus", ["data", "prometheus.yml"], "rule_files:\n  - a\n"]],
      /tells nobody/,
    ],
  },
  unknown: ["prometheus", ["data", "prometheus.yml"]],
});
