/** What leaves the site, and where to: nothing, unless a stack says so here. */
import { z } from "zod";
import { CLOSED } from "./sources.ts";
import { addressRange, https, portsThere, samplePercent, secretText } from "./values.ts";

export const outside = z.strictObject({
  ranges: z
    .array(addressRange)
    .default([])
    .meta({ source: CLOSED })
    .describe("Addresses outside of the cluster that gateways may call; none: nothing leaves."),
  ports: portsThere,
  providerKeys: z
    .strictObject({
      cerebras: secretText,
      deepseek: secretText,
      openai: secretText,
      dashscope: secretText,
      kimi: secretText,
    })
    .partial()
    .prefault({})
    .describe("Keys of outside providers; one without a key is off (a secret)."),
  webhookHosts: z
    .array(z.string().regex(/^[a-z0-9.-]{1,253}$/))
    .default([])
    .meta({ source: "ours: a webhook reaches nothing private unless a stack says so" })
    .describe("Hosts of private addresses that webhooks of jobs may name."),
  traces: z
    .strictObject({
      url: https.describe("Collector, as in https://collector.example.org:4318/v1/traces."),
      samplePercent,
    })
    .optional()
    .describe("Where traces of calls go; its certificate is of the stack's authority."),
  quotaWarnings: z
    .strictObject({
      url: https.describe("Webhook."),
      secret: secretText.describe("Under which it is signed."),
    })
    .optional()
    .describe("Who is told when a limit of a day or a month is used to four fifths."),
});
