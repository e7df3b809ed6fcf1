/** Who is told of alerts, as the settings say: directly by Alertmanager, or through our relay. Pure. */
import { ALERT_RELAY, ALERT_RELAY_PORTS, type RelayChannel } from "../components/alert-relay.ts";
import { ALERTMANAGER, ALERTMANAGER_STORAGE } from "../components/alertmanager.ts";
import type { Flow } from "../components/flows.ts";
import { type FlowPlaces, watchersOf } from "../components/service-flows.ts";
import { hostOf } from "../components/stateful-program.ts";
import { isRelayed, type RelayedChannel } from "../config/alerts-schema.ts";
import { imageReference } from "../config/images.ts";
import type { Settings } from "../config/schema.ts";
import { MONITORING } from "./places.ts";
import { volumeOf } from "./volumes.ts";
import { isWatchedElsewhere, watcherOf } from "./watcher.ts";

/** Where there is an Alertmanager of ours, and a channel that it does not speak to itself. */
export function hasAlertRelay(settings: Settings): boolean {
  return !isWatchedElsewhere(settings) && settings.monitoring.alerts.channels.some(isRelayed);
}

export function alertmanagerArguments(settings: Settings) {
  const { webhook, alerts } = settings.monitoring;
  const { channels, quietHours, heartbeat, authority } = alerts;
  const severities = ["critical", "error", "warning", "info"] as const;
  const everything = { name: "webhook", kind: "webhook", severities, url: webhook } as const;
  return {
    namespace: MONITORING,
    image: imageReference(settings, "alertmanager"),
    routing: {
      channels: [
        ...channels.map((channel) => ({ ...channel, relayed: isRelayed(channel) })),
        ...(webhook === undefined ? [] : [everything]),
      ],
      quietHours,
      heartbeat,
    },
    authority,
    volume: volumeOf(settings, ALERTMANAGER_STORAGE),
  };
}

/** null: nobody needs one. */
export function alertRelayArguments(settings: Settings) {
  if (!hasAlertRelay(settings)) return null;
  const { channels, authority } = settings.monitoring.alerts;
  return {
    namespace: MONITORING,
    image: imageReference(settings, "alert-relay"),
    channels: channels.filter(isRelayed).map(relayChannel),
    authority,
  };
}

/** What its kind has, and nothing else: the relay refuses a setting that it does not know. */
function relayChannel(channel: RelayedChannel): RelayChannel {
  const { name, kind, url, language, mentions, secret, authorization, sms, ticketForm } = channel;
  const common = { name, kind, url, language };
  const signed = secret === undefined ? {} : { secret };
  const allowed = authorization === undefined ? {} : { authorization };
  switch (kind) {
    case "teams":
      return common;
    case "wecom":
      return { ...common, mentions };
    case "dingtalk":
    case "feishu":
      return { ...common, mentions, ...signed };
    case "sms":
      return { ...common, ...allowed, ...sms };
    case "ticket":
      return { ...common, ...allowed, ...(ticketForm === undefined ? {} : { shape: ticketForm }) };
  }
}

export function alertRelayServers(settings: Settings) {
  if (!hasAlertRelay(settings)) return [];
  const hosts = [hostOf(ALERT_RELAY, MONITORING)];
  return [{ program: ALERT_RELAY, namespace: MONITORING, hosts }];
}

/** Whom Alertmanager calls itself; where our relay is told of everything, it need not leave the cluster. */
export function directChannels({ monitoring }: Settings): FlowPlaces["channels"] {
  const { alerts, webhook } = monitoring;
  const direct =
    webhook !== undefined ||
    alerts.heartbeat !== undefined ||
    alerts.channels.some((channel) => !isRelayed(channel));
  return direct ? alerts : undefined;
}

export function alertRelayFlows(settings: Settings): Flow[] {
  if (!hasAlertRelay(settings)) return [];
  const { ranges, ports } = settings.monitoring.alerts;
  const at = (program: string) => ({ namespace: MONITORING, program });
  const relay = at(ALERT_RELAY);
  const metrics = [ALERT_RELAY_PORTS.metrics];
  return [
    {
      name: "alerts-to-relay",
      from: at(ALERTMANAGER),
      to: relay,
      ports: [ALERT_RELAY_PORTS.alerts],
    },
    ...watchersOf({ monitoring: MONITORING, watcher: watcherOf(settings) }).map(
      ({ end, suffix }) => ({
        ...{ name: `relay-metrics${suffix}`, from: end, to: relay, ports: metrics },
      }),
    ),
    { name: "relayed-channels", from: relay, to: { ranges }, ports },
  ];
}
