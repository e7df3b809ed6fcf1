/** What must hold within a channel of alerts: it has what its kind needs, and nothing that its kind has not. */
import { isRelayed } from "./alerts-schema.ts";
import type { Fault } from "./fault.ts";
import type { Settings } from "./schema.ts";

type Channel = Settings["monitoring"]["alerts"]["channels"][number];
type Kind = Channel["kind"];

/** Which kinds have it, where our relay stands before them. */
const OF_KINDS = {
  mentions: ["wecom", "dingtalk", "feishu"],
  secret: ["dingtalk", "feishu"],
  authorization: ["sms", "ticket"],
  sms: ["sms"],
  ticketForm: ["ticket"],
} as const satisfies Partial<Record<keyof Channel, readonly Kind[]>>;

/** How each kind calls people, and why nothing else will do. */
const MENTIONS: Partial<Record<Kind, { readonly form: RegExp; readonly right: string }>> = {
  // Its Markdown has no word for everybody.
  wecom: {
    form: /^(?!@?all$)/,
    right: "user ids of the group's members; everybody cannot be called",
  },
  dingtalk: { form: /^(all|\+?[0-9-]{5,20})$/, right: "telephone numbers of members, or all" },
  feishu: { form: /^(all|ou_[A-Za-z0-9]+)$/, right: "open ids (ou_…) of members, or all" },
};

/** The host of connectors that Microsoft has retired; workflows have others. */
const RETIRED = /(^|\.)webhook\.office\.com$/;

/** Each kind of channel needs what it is reached by, and a way out. */
export function channelsComplete({ monitoring }: Partial<Settings>): Fault[] {
  if (monitoring === undefined) return [];
  const { alerts, webhook } = monitoring;
  const path = "deepseek:monitoring.alerts";
  const names = alerts.channels.map(({ name }) => name);
  const leaves = webhook !== undefined || alerts.heartbeat !== undefined;
  return [
    ...alerts.channels.flatMap((channel, index) => [
      ...missing(channel, `${path}.channels[${index}]`),
      ...strange(channel, `${path}.channels[${index}]`),
      ...(isRelayed(channel) ? unspeakable(channel, `${path}.channels[${index}]`) : []),
    ]),
    ...names.flatMap((name, index) =>
      names.indexOf(name) === index
        ? []
        : [
            {
              path: `${path}.channels[${index}].name`,
              wrong: `is ${name}, as another channel's`,
              right: "a name of its own",
            },
          ],
    ),
    ...(alerts.ranges.length === 0 && (leaves || alerts.channels.length > 0)
      ? [
          {
            path: `${path}.ranges`,
            wrong: "names no address, but those who are told of alerts must be reached",
            right: "address ranges, as in 203.0.113.0/24 or 0.0.0.0/0",
          },
        ]
      : []),
  ];
}

function missing(channel: Channel, path: string): Fault[] {
  const { kind } = channel;
  const needed = kind === "email" ? "email" : kind === "pagerduty" ? "routingKey" : "url";
  const fault = (name: string, right: string): Fault => ({
    ...{ path: `${path}.${name}`, wrong: `is of kind ${kind} and has no ${name}`, right },
  });
  return [
    ...(channel[needed] === undefined ? [fault(needed, `${needed} of it`)] : []),
    ...(kind === "sms" && isRelayed(channel) && channel.sms === undefined
      ? [
          fault(
            "sms",
            "an object with to, fields; or relay: foreign, where url takes Alertmanager's JSON",
          ),
        ]
      : []),
    ...((channel.email?.user === undefined) === (channel.email?.password === undefined)
      ? []
      : [{ path: `${path}.email`, wrong: "has user or password alone", right: "both or neither" }]),
  ];
}

/** What nobody reads is a mistake. */
function strange(channel: Channel, path: string): Fault[] {
  const { kind, relay } = channel;
  const ours = isRelayed(channel);
  const given = (Object.keys(OF_KINDS) as (keyof typeof OF_KINDS)[]).filter((name) => {
    const value = channel[name];
    return Array.isArray(value) ? value.length > 0 : value !== undefined;
  });
  const reachedDirectly = ["email", "slack", "pagerduty", "webhook"].includes(kind);
  return [
    ...given
      .filter((name) => !ours || !(OF_KINDS[name] as readonly Kind[]).includes(kind))
      .map((name) => ({
        path: `${path}.${name}`,
        wrong:
          relay === "foreign" && !reachedDirectly
            ? "is given, and a foreign relay has its own"
            : `is given, and kind ${kind} has none`,
        right: "left out",
      })),
    ...(reachedDirectly && relay === "foreign"
      ? [
          {
            path: `${path}.relay`,
            wrong: `is foreign, and kind ${kind} has none`,
            right: "left out",
          },
        ]
      : []),
  ];
}

function unspeakable({ kind, mentions, sms, url }: Channel, path: string): Fault[] {
  const rule = MENTIONS[kind];
  const host = url === undefined ? "" : new URL(url).hostname;
  return [
    ...mentions.flatMap((one, index) =>
      rule === undefined || rule.form.test(one)
        ? []
        : [
            {
              path: `${path}.mentions[${index}]`,
              wrong: `is ${one}, whom ${kind} cannot call`,
              right: rule.right,
            },
          ],
    ),
    ...(sms === undefined || Object.values(sms.fields).some((value) => value.includes("{text}"))
      ? []
      : [
          {
            path: `${path}.sms.fields`,
            wrong: "has no {text}, so that every message would be the same",
            right: 'a field with it, as in content: "{text}"',
          },
        ]),
    ...(kind === "teams" && RETIRED.test(host)
      ? [
          {
            path: `${path}.url`,
            wrong: "is a connector's, which Microsoft has retired",
            right: "the address of a workflow that posts when a webhook request is received",
          },
        ]
      : []),
  ];
}
