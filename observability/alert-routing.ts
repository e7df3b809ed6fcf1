/**
 * Where Alertmanager sends what: one receiver until channels are configured. Severe alerts silence
 * the milder ones of the same model. Pure.
 */
import { stringify } from "yaml";

export interface RoutingSettings {
  /** An https address that takes Alertmanager's own webhook form; undefined: shown only. */
  readonly webhook: string | undefined;
}

export function alertRouting(settings: RoutingSettings): string {
  const receiver = settings.webhook === undefined ? "nobody" : "webhook";
  const hooks =
    settings.webhook === undefined
      ? {}
      : { webhook_configs: [{ url: settings.webhook, send_resolved: true }] };
  return stringify(
    {
      route: {
        receiver,
        group_by: ["alertname", "model"],
        group_wait: "10s",
        group_interval: "1m",
        repeat_interval: "4h",
        routes: [
          // The heartbeat: whoever misses it for a few minutes raises the alarm outside.
          { matchers: ['alertname = "Watchdog"'], receiver, repeat_interval: "1m" },
          { matchers: ['severity = "critical"'], receiver, repeat_interval: "30m" },
        ],
      },
      inhibit_rules: [
        {
          source_matchers: ['severity = "critical"', 'alertname != "Watchdog"'],
          target_matchers: ['severity =~ "error|warning"'],
          equal: ["model"],
        },
      ],
      receivers: [{ name: receiver, ...hooks }],
    },
    { lineWidth: 0 },
  );
}
