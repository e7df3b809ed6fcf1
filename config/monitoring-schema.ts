/** How a site is watched: Prometheus, where its samples go beside, Alertmanager, and Grafana. */
import { z } from "zod";
import { alerts } from "./alerts-schema.ts";
import { collector, logStore, traceStore } from "./collector-schema.ts";
import {
  addressRange,
  authorities,
  https,
  label,
  labels,
  memory,
  nodePort,
  pem,
  resources,
  secretText,
} from "./values.ts";

const text = z.string().min(1).max(256);

/** Who writes there; one that takes samples of anybody is refused. */
const authentication = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("bearer").describe("A token."),
      token: secretText.describe("It (a secret)."),
    }),
    z.strictObject({
      kind: z.literal("basic").describe("A name and a password."),
      user: text.describe("The name."),
      password: secretText.describe("The password (a secret)."),
    }),
    z.strictObject({
      kind: z.literal("certificate").describe("A client certificate."),
      certificate: pem.describe("Its chain, the leaf first."),
      key: pem.describe("Its private key (a secret)."),
    }),
  ])
  .describe("What it is shown.");

const remoteWrite = z.strictObject({
  name: label
    .default("remote")
    .meta({ source: "ours: as Prometheus calls it" })
    .describe("Its name in alerts."),
  url: https.describe("Where it takes samples."),
  ranges: z.array(addressRange).min(1).describe("Addresses it answers at; nothing else is opened."),
  authority: authorities
    .optional()
    .describe("Who vouches for its certificate; without it a public authority."),
  authentication,
  metrics: z
    .array(
      z
        .string()
        .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*\*?$/)
        .meta({ right: "a metric's name, or its beginning and *" }),
    )
    .min(1)
    .max(256)
    .default(["api:*", "model:*", "tenant:*", "up", "ALERTS"])
    .meta({ source: "ours: recordings carry no caller's name; api_requests_total does" })
    .describe("What is written there, and nothing else."),
  shardsMax: z
    .int()
    .min(1)
    .max(50)
    .default(10)
    .meta({
      source:
        "ours: 100,000 samples in memory at most, where Prometheus' own fifty shards would hold 500,000",
    })
    .describe("Requests at once; each holds 10,000 samples at most."),
});

const oidc = z.strictObject({
  name: text
    .default("OpenID Connect")
    .meta({ source: "ours: what it is, where nobody says whose" })
    .describe("What its button says."),
  clientId: text.describe("As it is registered there."),
  clientSecret: secretText.describe("The client's secret."),
  authorizationUrl: https.describe("Where people sign in."),
  tokenUrl: https.describe("Where Grafana fetches their token."),
  userInfoUrl: https.describe("Where Grafana asks who they are."),
  scopes: text
    .default("openid profile email")
    .meta({
      source:
        "vendor: who somebody is and their address, https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims",
    })
    .describe("What is asked for."),
  roles: text
    .default("contains(groups[*], 'grafana-admins') && 'Admin' || 'Viewer'")
    .meta({ source: "ours: everybody looks; who changes something is in one group" })
    .describe("JMESPath over what it says of a person; the result is their role."),
  ranges: z.array(addressRange).min(1).describe("Addresses of it; nothing else is opened."),
  authority: authorities
    .optional()
    .describe("Who vouches for its certificate; without it a public authority."),
});

const deployment = z.strictObject({
  url: https.describe("Where people open it; its certificate carries the name."),
  nodePort: nodePort.optional().describe("NodePort of it; without it only in the cluster."),
  callerRanges: z.array(addressRange).min(1).describe("Who may open a connection to it."),
  oidc: oidc
    .optional()
    .describe("Who signs people in; without it there is the administrator alone."),
  resources: resources("100m", "512Mi"),
});

/** One that is there already, or one of ours. */
const grafana = z.strictObject({
  languages: z
    .array(z.enum(["en", "zh"]))
    .min(1)
    .max(2)
    .refine((chosen) => new Set(chosen).size === chosen.length)
    .meta({ right: "en, zh, or both, each once" })
    .default(["en", "zh"])
    .meta({ source: "ours: people of a site read one of the two" })
    .describe("Of the dashboards; the first one has the addresses that alerts link to."),
  labels: labels
    .default({ grafana_dashboard: "1" })
    .meta({
      source:
        "vendor: what the sidecar of kube-prometheus-stack looks for, https://github.com/prometheus-community/helm-charts/blob/main/charts/kube-prometheus-stack/values.yaml",
    })
    .describe("By which one that is there finds ConfigMaps with dashboards."),
  deployment: deployment
    .optional()
    .describe("A Grafana of the stack's own; without it only dashboards are rendered."),
});

/** A Prometheus that the cluster has, kept by the Prometheus operator. */
const operator = z.strictObject({
  mode: z
    .enum(["beside", "instead"])
    .default("beside")
    .meta({
      source: "ours: alerts about the service then do not depend on another team's Prometheus",
    })
    .describe("beside: the stack's own Prometheus judges, too. instead: there is none."),
  labels: labels
    .default({ release: "prometheus" })
    .meta({
      source:
        "vendor: kube-prometheus-stack selects by its release's name, here prometheus, https://github.com/prometheus-community/helm-charts/blob/main/charts/kube-prometheus-stack/values.yaml",
    })
    .describe("By which its Prometheus finds rules and monitors."),
  url: https.optional().describe("Where its Prometheus answers; required by mode instead."),
  namespace: label
    .default("observability")
    .meta({ source: "ours: monitoring is the stack's own" })
    .describe("Where its Prometheus runs."),
  pods: labels
    .default({ "app.kubernetes.io/name": "prometheus" })
    .meta({
      source:
        "vendor: the Prometheus operator puts it on its pods, https://prometheus-operator.dev/docs/",
    })
    .describe("Labels of its Prometheus' pods, for which the walls are opened."),
  jobs: z
    .array(z.enum(["node-exporter", "kube-state-metrics", "kubelet", "blackbox", "keda"]))
    .default(["node-exporter", "kube-state-metrics", "kubelet"])
    .meta({
      source:
        "vendor: jobs of kube-prometheus-stack that are there without being asked for, https://github.com/prometheus-community/helm-charts/blob/main/charts/kube-prometheus-stack/values.yaml",
    })
    .describe("What it scrapes itself under these names; rules about them are rendered."),
});

export const monitoring = z.strictObject({
  retentionDays: z
    .int()
    .min(1)
    .max(730)
    .default(15)
    .meta({
      source: "vendor: Prometheus' own, https://prometheus.io/docs/prometheus/latest/storage/",
    })
    .describe("How long Prometheus keeps samples."),
  storage: memory
    .default("16Gi")
    .meta({
      source:
        "arithmetic: components/sizing/monitoring.ts `monitoringSize`: 15 days of two models, two gateways and two model servers take 4 GiB; the rest is for more of them",
    })
    .describe("Size of Prometheus' volume; what is too small for the retention is refused."),
  scrapeSeconds: z
    .int()
    .min(5)
    .max(120)
    .default(15)
    .meta({ source: "ours: an alert that holds for a minute has seen four samples" })
    .describe("Time between two scrapes."),
  nodePort: nodePort.optional().describe("NodePort of Prometheus; without it only in the cluster."),
  webhook: https
    .meta({ sensitive: true })
    .optional()
    .describe("Where Alertmanager sends every alert, beside the channels."),
  alerts: alerts
    .prefault({})
    .describe("Who is told of alerts; without a channel they are only shown."),
  remoteWrite: remoteWrite
    .optional()
    .describe("Where samples are written beside Prometheus' own disk."),
  operator: operator
    .optional()
    .describe("A Prometheus of the cluster's own that is to watch the site."),
  grafana: grafana
    .optional()
    .describe("Grafana, the site's or one of ours; without it no dashboard is rendered."),
  logs: logStore
    .optional()
    .describe("Store of the pods' log lines; without it they stay on their nodes."),
  traces: traceStore
    .optional()
    .describe("Store of the gateways' traces, reached through the site's Collector."),
  collector: collector
    .prefault({})
    .describe("OpenTelemetry's Collector; it runs where logs or traces has a store."),
  resources: resources(
    "100m",
    "512Mi",
    "arithmetic: components/sizing/monitoring.ts `monitoringSize`: two models, two gateways and two model servers take 200 MiB; the rest is for more of them",
  ),
});
