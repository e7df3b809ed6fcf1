import { noPlainListeners } from "./no-plain-listeners.ts";
import { container, DEPLOYMENT, deployment, gateway } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(noPlainListeners, {
  good: {
    gateway: { type: DEPLOYMENT, props: deployment({ containers: [gateway()] }) },
    model: {
      type: DEPLOYMENT,
      props: deployment({
        containers: [
          container({ command: ["vllm"], args: ["serve", "--ssl-certfile=c", "--ssl-keyfile=k"] }),
        ],
      }),
    },
    listener: { type: "aws:lb/listener:Listener", props: { port: 443, protocol: "TCP" } },
  },
  passes: {
    "a worker of a group": [
      ["model", "spec.template.spec.containers.0.args", ["serve", "--headless"]],
    ],
    "an exporter on the pod's loopback": [
      [
        "model",
        "spec.template.spec.containers.0.readinessProbe",
        { httpGet: { path: "/", port: 1 } },
      ],
      ["model", "spec.template.spec.containers.0.args", ["--web.listen-address=127.0.0.1:1"]],
    ],
    "a redirect": [
      ["listener", "protocol", "HTTP"],
      ["listener", "defaultActions", [{ type: "redirect" }]],
    ],
    "a balancer that ends TLS 1.3": [
      ["listener", "protocol", "TLS"],
      ["listener", "sslPolicy", "ELBSecurityPolicy-TLS13-1-3-2021-06"],
    ],
  },
  fails: {
    "a switch that something else turns": [
      [
        [
          "gateway",
          "spec.template.spec.containers.0.env",
          [
            { name: "GW_TLS_CERT_FILE", value: "/t" },
            { name: "GW_TLS", valueFrom: { configMapKeyRef: { name: "c", key: "k" } } },
          ],
        ],
      ],
      /without TLS/,
    ],
    "a model server within a shell's line": [
      [["gateway", "spec.template.spec.containers.0.command", ["sh", "-c", "vllm serve m"]]],
      /without a certificate/,
    ],
    "a probe over plain HTTP": [
      [["gateway", "spec.template.spec.containers.0.readinessProbe", { httpGet: { port: 80 } }]],
      /plain HTTP/,
    ],
    "a plain probe of a sidecar": [
      [
        [
          "gateway",
          "spec.template.spec.initContainers",
          [
            container({
              restartPolicy: "Always",
              livenessProbe: { httpGet: { port: 1, scheme: "HTTP" } },
            }),
          ],
        ],
      ],
      /init container main is asked over plain HTTP/,
    ],
    "an engine without a certificate": [
      [["model", "spec.template.spec.containers.0.args", ["serve"]]],
      /without a certificate/,
    ],
    "a gateway without TLS": [
      [["gateway", "spec.template.spec.containers.0.env", [{ name: "GW_TLS", value: "off" }]]],
      /without TLS/,
    ],
    "a gateway without a certificate": [
      [["gateway", "spec.template.spec.containers.0.env", []]],
      /without TLS/,
    ],
    "a plain listener": [
      [
        ["listener", "protocol", "HTTP"],
        ["listener", "defaultActions", [{ type: "forward" }]],
      ],
      /speaks HTTP/,
    ],
    "a balancer with an older policy": [
      [
        ["listener", "protocol", "TLS"],
        ["listener", "sslPolicy", "ELBSecurityPolicy-2016-08"],
      ],
      /less than TLS 1.3/,
    ],
  },
  unknown: ["gateway", "spec.template.spec.containers.0.readinessProbe.httpGet.scheme"],
});
