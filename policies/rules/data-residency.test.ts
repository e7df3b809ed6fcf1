import { dataResidency } from "./data-residency.ts";
import { DEPLOYMENT, deployment, gateway, stackOf } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

const routes = (url: string) => JSON.stringify({ models: [{ id: "a", targets: [{ url }] }] });

judgedByTable(dataResidency, {
  good: {
    stack: stackOf("cnBank"),
    routes: {
      type: "kubernetes:core/v1:ConfigMap",
      props: { data: { "routes.json": routes("https://model-a.deepseek.svc:8000") } },
    },
    service: {
      type: "kubernetes:core/v1:Service",
      props: { metadata: { name: "model-a" }, spec: { selector: { a: "b" } } },
    },
    gateway: { type: DEPLOYMENT, props: deployment({ containers: [gateway()] }) },
  },
  passes: {
    "a provider, where the profile allows it": [
      ["stack", "plan.profile", "cnGeneral"],
      ["routes", ["data", "routes.json"], routes("https://api.provider.example")],
    ],
  },
  fails: {
    "a Service that is a name for a host outside": [
      [["service", "spec", { type: "ExternalName", externalName: "api.provider.example" }]],
      /Service model-a is a name for api.provider.example/,
    ],
    "a gateway with hosts of its own": [
      [
        [
          "gateway",
          "spec.template.spec.hostAliases",
          [{ ip: "203.0.113.1", hostnames: ["model-a.deepseek.svc"] }],
        ],
      ],
      /its own list/,
    ],
    "a gateway with a resolver of its own": [
      [["gateway", "spec.template.spec.dnsConfig", { nameservers: ["203.0.113.1"] }]],
      /its own list/,
    ],
    "an answer from outside": [
      [["routes", ["data", "routes.json"], routes("https://api.provider.example")]],
      /outside/,
    ],
    "a host that only begins alike": [
      [["routes", ["data", "routes.json"], routes("https://a.svc.evil.example")]],
      /outside/,
    ],
    "a plain connection": [
      [["routes", ["data", "routes.json"], routes("http://model-a.deepseek.svc:8000")]],
      /without TLS/,
    ],
    "outside providers": [
      [
        [
          "gateway",
          "spec.template.spec.containers.0.env.1",
          { name: "GW_PROVIDERS_FOLDER", value: "/p" },
        ],
      ],
      /outside providers/,
    ],
    "no JSON": [[["routes", ["data", "routes.json"], "["]], /cannot be read/],
    "no models": [[["routes", ["data", "routes.json"], "{}"]], /cannot be read/],
  },
  unknown: ["routes", ["data", "routes.json"]],
});
