/** Who is told of alerts, when, and where what they point to can be read. */
import { z } from "zod";
import { CLOSED } from "./sources.ts";
import { addressRange, https, label, portsThere, secretText } from "./values.ts";

const text = z.string().min(1).max(256);
const secretAddress = https.meta({ sensitive: true }).optional();
const clock = z
  .string()
  .regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/)
  .meta({ right: 'a quoted time of day, as in "22:00"' });

/** A gateway of text messages is what its fields are called. */
const sms = z.strictObject({
  to: z.array(text).min(1).max(50).describe("Numbers, as the gateway writes them."),
  encoding: z
    .enum(["json", "form"])
    .default("json")
    .meta({ source: "ours: what most gateways of text messages take" })
    .describe("How its request is written."),
  fields: z
    .record(z.string().min(1).max(64), z.string().max(1_024).meta({ sensitive: true }))
    .describe("Fields of its request; {to} and {text} in their values are filled in."),
  segmentsMax: z
    .int()
    .min(1)
    .max(10)
    .default(2)
    .meta({
      source:
        "ours: an alert's name, place and beginning fit 320 characters, or 140 with Chinese ones",
    })
    .describe("Parts a text may have: 160 characters each, 70 where it has Chinese ones."),
  accepted: z
    .strictObject({
      field: text.describe("In its answer, with dots between names."),
      is: text.describe("What it then holds."),
    })
    .optional()
    .describe("How its answer says that it took the message; without it by its status alone."),
});

const channel = z.strictObject({
  name: label.describe("Its name, as Alertmanager shows it."),
  kind: z
    .enum([
      ...(["email", "slack", "pagerduty", "sms", "teams", "wecom", "dingtalk", "feishu"] as const),
      ...(["ticket", "webhook"] as const),
    ])
    .describe("What it is (docs/alerts.md)."),
  relay: z
    .enum(["ours", "foreign"])
    .default("ours")
    .meta({ source: "ours: nothing else needs to be run" })
    .describe(
      "Of sms, teams, wecom, dingtalk, feishu and ticket. ours: url is the channel itself. foreign: url is a relay that takes Alertmanager's JSON.",
    ),
  language: z
    .enum(["en", "zh"])
    .default("en")
    .meta({ source: "ours: the language of alerts and runbooks" })
    .describe("Of what our relay writes."),
  mentions: z
    .array(z.string().regex(/^[A-Za-z0-9@._+-]{1,64}$/))
    .max(20)
    .default([])
    .meta({ source: "ours: nobody is called by name unless a stack says so" })
    .describe(
      "Called by name when something critical fires: user ids (wecom), telephone numbers or all (dingtalk), open ids or all (feishu).",
    ),
  secret: secretText
    .optional()
    .describe("With which dingtalk or feishu verify who speaks (a secret)."),
  authorization: z
    .string()
    .min(8)
    .max(4_096)
    .regex(/^[A-Za-z]+ [\x21-\x7e]+$/)
    .meta({ right: "a header's whole value, as in Bearer …", sensitive: true })
    .optional()
    .describe("Header Authorization of sms or ticket (a secret)."),
  sms: sms.optional().describe("Of kind sms, through our relay."),
  ticketForm: z
    .enum(["events", "servicenow"])
    .optional()
    .describe("Of kind ticket: our own JSON (the default), or ServiceNow's event management."),
  severities: z
    .array(z.enum(["info", "warning", "error", "critical"]))
    .min(1)
    .describe("Which alerts it takes."),
  tenant: label.optional().describe("Only alerts of this tenant."),
  site: label.optional().describe("Only alerts of this site."),
  quiet: z
    .boolean()
    .default(false)
    .meta({ source: "ours: an alert is told when it fires" })
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

/** Kinds that Alertmanager does not speak to itself. */
const RELAYED = ["sms", "teams", "wecom", "dingtalk", "feishu", "ticket"] as const;
type Channel = z.output<typeof channel>;
export type RelayedChannel = Channel & {
  readonly kind: (typeof RELAYED)[number];
  readonly url: string;
};

/** Our relay stands before it. */
export function isRelayed(channel: Channel): channel is RelayedChannel {
  return RELAYED.some((kind) => kind === channel.kind) && channel.relay === "ours";
}

export const alerts = z.strictObject({
  ranges: z
    .array(addressRange)
    .default([])
    .meta({ source: CLOSED })
    .describe(
      "Addresses outside of the cluster that Alertmanager and its relay may call; none: nothing leaves.",
    ),
  ports: portsThere,
  channels: z
    .array(channel)
    .max(32)
    .default([])
    .meta({
      source: "ours: who is told is the organisation's to say; until then alerts are only shown",
    })
    .describe("Who is told."),
  quietHours: z
    .strictObject({
      from: clock.describe("When they begin."),
      to: clock.describe("When they end; over midnight where that is earlier."),
      weekends: z
        .boolean()
        .default(false)
        .meta({ source: "ours: quiet hours are nights unless a stack says so" })
        .describe("Saturdays and Sundays, too."),
      timeZone: z
        .string()
        .regex(/^[A-Za-z]+(\/[A-Za-z_]+)*$/)
        .default("UTC")
        .meta({ source: "ours: as every time in logs and records" })
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
