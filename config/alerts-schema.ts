/** Who is told of alerts, when, and where what they point to can be read. */
import { z } from "zod";
import { addressRange, https, label, secretText } from "./values.ts";

const text = z.string().min(1).max(256);
const secretAddress = https.meta({ sensitive: true }).optional();
const clock = z
  .string()
  .regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/)
  .meta({ right: 'a quoted time of day, as in "22:00"' });

const channel = z.strictObject({
  name: label.describe("Its name, as Alertmanager shows it."),
  kind: z
    .enum([
      ...(["email", "slack", "pagerduty", "sms", "teams", "wecom", "dingtalk", "feishu"] as const),
      ...(["ticket", "webhook"] as const),
    ])
    .describe("What it is; all but the first three are reached through a relay (docs/alerts.md)."),
  severities: z
    .array(z.enum(["info", "warning", "error", "critical"]))
    .min(1)
    .describe("Which alerts it takes."),
  tenant: label.optional().describe("Only alerts of this tenant."),
  site: label.optional().describe("Only alerts of this site."),
  quiet: z
    .boolean()
    .meta({ right: "true or false" })
    .default(false)
    .describe("What is not critical waits for the end of the quiet hours."),
  url: secretAddress.describe(
    "Of every kind but email; of pagerduty only where its own is another, as in Europe.",
  ),
  email: z
    .strictObject({
      to: text.describe("Addresses, with commas between."),
      from: text.describe("Sender."),
      server: text.describe("Mail server, host:port; it must offer TLS."),
      user: text.optional().describe("Who signs in there."),
      password: secretText.optional().describe("Their password (a secret)."),
    })
    .optional()
    .describe("Of kind email."),
  routingKey: secretText.optional().describe("Of kind pagerduty (a secret)."),
});

export const alerts = z.strictObject({
  ranges: z
    .array(addressRange)
    .default([])
    .describe("Addresses outside of the cluster that Alertmanager may call; none: nothing leaves."),
  ports: z.array(z.int().min(1).max(65_535)).min(1).max(16).default([443]).describe("Ports there."),
  channels: z.array(channel).max(32).default([]).describe("Who is told."),
  quietHours: z
    .strictObject({
      from: clock.describe("When they begin."),
      to: clock.describe("When they end; over midnight where that is earlier."),
      weekends: z
        .boolean()
        .meta({ right: "true or false" })
        .default(false)
        .describe("Saturdays and Sundays, too."),
      timeZone: z
        .string()
        .regex(/^[A-Za-z]+(\/[A-Za-z_]+)*$/)
        .default("UTC")
        .describe("As in Asia/Shanghai."),
    })
    .optional()
    .describe("When quiet channels are told what is critical and nothing else."),
  authority: z
    .string()
    .optional()
    .describe(
      "Authorities of the certificates that channels show, PEM: a house's own. Absent: those of the image.",
    ),
  heartbeat: secretAddress.describe(
    "Outside of the cluster, called every minute; raises the alarm when that stops.",
  ),
  runbooks: https.optional().describe("Where docs/runbooks can be read, as alerts point to it."),
  dashboards: https.optional().describe("Grafana, as alerts point to it."),
});
