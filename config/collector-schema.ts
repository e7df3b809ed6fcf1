/** Where log lines and traces of a site are kept: nowhere, unless a stack says so here. */
import { z } from "zod";
import {
  addressRange,
  authorities,
  https,
  memory,
  resources,
  samplePercent,
  secretText,
} from "./values.ts";

const store = {
  ranges: z.array(addressRange).min(1).describe("Addresses it answers at."),
  tenant: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,128}$/)
    .meta({ right: "letters, digits, dots, hyphens and underscores" })
    .optional()
    .describe("Sent as X-Scope-OrgID, by which Loki and Tempo tell tenants apart."),
  token: secretText.optional().describe("Shown as Authorization: Bearer (a secret)."),
  authority: authorities
    .optional()
    .describe("Who signs its certificate, PEM; without it the public authorities."),
};

export const logStore = z.strictObject({
  url: https.describe("Where it takes OTLP, as in https://loki.example.org/otlp/v1/logs."),
  ...store,
});

export const traceStore = z.strictObject({
  url: https.describe("Where it takes OTLP, as in https://tempo.example.org/v1/traces."),
  samplePercent,
  ...store,
});

export const collector = z.strictObject({
  replicas: z
    .int()
    .min(1)
    .max(16)
    .default(2)
    .meta({ source: "ours: one takes lines while the other is replaced" })
    .describe("Pods, each with a queue of its own."),
  storage: memory
    .default("10Gi")
    .meta({
      source:
        "ours: half of it holds nine million lines of 600 bytes, 2.5 hours at a thousand calls a second",
    })
    .describe("Each pod's volume: half is the queue of lines, a fifth that of spans."),
  resources: resources("100m", "512Mi"),
  agent: z
    .strictObject({
      resources: resources("50m", "256Mi"),
      folder: z
        .string()
        .regex(/^(\/[A-Za-z0-9][A-Za-z0-9._-]*)+$/)
        .meta({
          right: "an absolute path without blanks",
          source:
            "vendor: kubelet's podLogsDir, https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/",
        })
        .default("/var/log/pods")
        .describe("Folder of the nodes in which kubelet keeps the pods' lines (its podLogsDir)."),
    })
    .prefault({})
    .describe("The agent on each node, which reads the pods' log files."),
});
