/**
 * Who is told what: a route for every channel and the severities that it takes, narrowed to a tenant or
 * a site where the channel says so. Graver alerts silence milder ones of the same subject; quiet hours
 * hold back what can wait, never what is critical. Pure.
 */
import { stringify } from "yaml";
import { EMAIL_MESSAGE, PAGE_MESSAGE, SLACK_MESSAGE } from "./alert-messages.ts";
import type { Severity } from "./rules/rule.ts";

/**
 * SMS, Teams, DingTalk, Feishu, WeCom's robots and ticket systems each want a JSON of their own: a relay
 * stands in between and takes Alertmanager's, ours or one of the customer's (docs/alerts.md).
 */
export const RELAYED = [
  "sms",
  "teams",
  "wecom",
  "dingtalk",
  "feishu",
  "ticket",
  "webhook",
] as const;
export type ChannelKind = "email" | "slack" | "pagerduty" | (typeof RELAYED)[number];

export interface Channel {
  readonly name: string;
  readonly kind: ChannelKind;
  readonly severities: readonly Severity[];
  /** Only alerts of this tenant, or of this site. */
  readonly tenant?: string | undefined;
  readonly site?: string | undefined;
  /** What can wait waits for the end of the quiet hours. */
  readonly quiet?: boolean | undefined;
  /** Of every kind but e-mail; PagerDuty's only where it is not the usual one. */
  readonly url?: string | undefined;
  readonly email?:
    | {
        readonly to: string;
        readonly from: string;
        /** host:port */
        readonly server: string;
        readonly user?: string | undefined;
        readonly password?: string | undefined;
      }
    | undefined;
  readonly routingKey?: string | undefined;
  /** Our relay knows where it is, and is told in its place. */
  readonly relayed?: boolean | undefined;
}

/** Our relay, as Alertmanager reaches it. */
export interface RelayPlace {
  /** https://host:port; a channel is `/channels/NAME` there. */
  readonly url: string;
  /** Files in Alertmanager's pod: who vouches for the relay, and what it is shown. */
  readonly authorityFile: string;
  readonly tokenFile: string;
}

export interface QuietHours {
  /** As in 22:00 and 07:00; they may go over midnight. */
  readonly from: string;
  readonly to: string;
  /** Saturdays and Sundays are quiet as a whole. */
  readonly weekends: boolean;
  /** As in Asia/Shanghai. */
  readonly timeZone: string;
}

export interface RoutingSettings {
  readonly channels: readonly Channel[];
  readonly quietHours?: QuietHours | undefined;
  /** Outside of the cluster; raises the alarm when the heartbeat stops. */
  readonly heartbeat?: string | undefined;
  /**
   * A file with the authorities of the channels' certificates, as Alertmanager sees it; absent: those of
   * its image. A house's own mail server and relays have certificates of the house.
   */
  readonly authorityFile?: string | undefined;
  /** Needed where a channel is relayed. */
  readonly relay?: RelayPlace | undefined;
}

const QUIET = "quiet-hours";
const NOBODY = "nobody";
const HEARTBEAT = "heartbeat";

/** How long alerts of a group are gathered, and after which time one that goes on is told again. */
const PACE: Readonly<Record<Severity, { readonly wait: string; readonly repeat: string }>> = {
  critical: { wait: "10s", repeat: "30m" },
  error: { wait: "30s", repeat: "4h" },
  warning: { wait: "1m", repeat: "12h" },
  info: { wait: "5m", repeat: "24h" },
};

export function alertRouting(settings: RoutingSettings): string {
  const { channels, quietHours, heartbeat, authorityFile, relay } = settings;
  const tls = authorityFile === undefined ? {} : { tls_config: { ca_file: authorityFile } };
  const http = authorityFile === undefined ? {} : { http_config: tls };
  const beat = heartbeat === undefined ? NOBODY : HEARTBEAT;
  return stringify(
    {
      route: {
        receiver: NOBODY,
        group_by: ["alertname", "site", "tenant", "subject", "model", "model_name"],
        group_wait: PACE.error.wait,
        group_interval: "1m",
        repeat_interval: PACE.error.repeat,
        routes: [
          // Whoever misses it for a few minutes raises the alarm outside.
          {
            matchers: ['alertname = "Watchdog"'],
            receiver: beat,
            group_wait: "0s",
            repeat_interval: "1m",
          },
          ...channels.flatMap((channel) =>
            channel.severities.map((severity) => route(channel, severity, quietHours)),
          ),
        ],
      },
      inhibit_rules: inhibitions(),
      receivers: [
        { name: NOBODY },
        ...(heartbeat === undefined
          ? []
          : [{ name: HEARTBEAT, ...webhook(heartbeat, false, http) }]),
        ...channels.map((channel) =>
          channel.relayed === true ? relayedTo(channel, relay) : receiver(channel, tls, http),
        ),
      ],
      ...(quietHours === undefined
        ? {}
        : { time_intervals: [{ name: QUIET, time_intervals: quietTimes(quietHours) }] }),
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

function route(channel: Channel, severity: Severity, quietHours: QuietHours | undefined): object {
  const { tenant, site, quiet = false } = channel;
  const muted = quiet && quietHours !== undefined && severity !== "critical";
  return {
    matchers: [
      `severity = "${severity}"`,
      ...(tenant === undefined ? [] : [`tenant = ${JSON.stringify(tenant)}`]),
      ...(site === undefined ? [] : [`site = ${JSON.stringify(site)}`]),
    ],
    receiver: channel.name,
    // Other channels are told as well.
    continue: true,
    group_wait: PACE[severity].wait,
    repeat_interval: PACE[severity].repeat,
    ...(muted ? { mute_time_intervals: [QUIET] } : {}),
  };
}

/** `tls` and `http`: whose certificates are trusted, as e-mail and as all others are told. */
function receiver(channel: Channel, tls: object, http: object): object {
  const { name, kind, url, email, routingKey } = channel;
  if (kind === "email" && email !== undefined) {
    const { to, from, server, user, password } = email;
    const login = user === undefined ? {} : { auth_username: user, auth_password: password };
    const mail = { to, from, smarthost: server, require_tls: true, send_resolved: true };
    return { name, email_configs: [{ ...mail, ...EMAIL_MESSAGE, ...login, ...tls }] };
  }
  if (kind === "pagerduty" && routingKey !== undefined) {
    const own = url === undefined ? {} : { url };
    const page = { routing_key: routingKey, send_resolved: true, ...PAGE_MESSAGE, ...own, ...http };
    return { name, pagerduty_configs: [page] };
  }
  if (kind === "slack" && url !== undefined) {
    const message = { api_url: url, send_resolved: true, ...SLACK_MESSAGE, ...http };
    return { name, slack_configs: [message] };
  }
  if (url === undefined)
    throw new Error(`${name}: a channel of kind ${kind} without what it needs`);
  return { name, ...webhook(url, true, http) };
}

function relayedTo({ name }: Channel, relay: RelayPlace | undefined): object {
  if (relay === undefined) throw new Error(`${name}: is relayed, and there is no relay`);
  const { url, authorityFile, tokenFile } = relay;
  const http_config = {
    // Read again for every notification.
    authorization: { type: "Bearer", credentials_file: tokenFile },
    tls_config: { ca_file: authorityFile, min_version: "TLS13" },
    follow_redirects: false,
  };
  return { name, ...webhook(`${url}/channels/${name}`, true, { http_config }) };
}

function webhook(url: string, resolved: boolean, http: object): object {
  return { webhook_configs: [{ url, send_resolved: resolved, ...http }] };
}

function inhibitions(): object[] {
  // Instances, too: a GPU that failed says nothing of another's.
  const same = ["site", "tenant", "subject", "model", "model_name", "instance", "UUID"];
  return [
    {
      source_matchers: ['severity = "critical"'],
      target_matchers: ['severity =~ "error|warning|info"'],
      equal: same,
    },
    {
      source_matchers: ['severity = "error"'],
      target_matchers: ['severity =~ "warning|info"'],
      equal: same,
    },
    {
      // Where nobody gets in, that there are no calls is no news.
      source_matchers: ['alertname =~ "GatewayAway|EdgeAway|AddressAway"'],
      target_matchers: ['subject =~ "traffic|latency"'],
      equal: ["site"],
    },
  ];
}

/** Alertmanager knows no interval over midnight: the evening and the morning are two. */
function quietTimes({ from, to, weekends, timeZone }: QuietHours): object[] {
  const location = timeZone;
  const span = (start: string, end: string) => ({ start_time: start, end_time: end });
  const over = from > to;
  const times = over ? [span(from, "24:00"), span("00:00", to)] : [span(from, to)];
  return [
    { times, location },
    ...(weekends ? [{ weekdays: ["saturday", "sunday"], location }] : []),
  ];
}
