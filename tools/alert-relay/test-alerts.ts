/** Alerts as Alertmanager sends them, and a channel of each kind, for tests. */
import { type Channel, channelSchema } from "./channel.ts";
import type { Alert } from "./notification.ts";

export function alertOf(
  alertname: string,
  severity: string,
  more: {
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ended?: true;
  } = {},
): Alert {
  return {
    status: more.ended === true ? "resolved" : "firing",
    labels: { alertname, severity, site: "primary", subject: "away", ...more.labels },
    annotations: {
      summary: "No gateway answers",
      description: "Nobody can call the service.",
      value: "0.083",
      runbook_url: `https://wiki.example.org/runbooks/${alertname}.md`,
      dashboard: "https://grafana.example.org/d/overview",
      ...more.annotations,
    },
    startsAt: "2026-11-26T02:03:04.567Z",
    endsAt: more.ended === true ? "2026-11-26T02:13:04.567Z" : "0001-01-01T00:00:00Z",
    fingerprint: "a1b2c3d4e5f60718",
  };
}

const PARTICULAR: Readonly<Record<Channel["kind"], object>> = {
  wecom: { mentions: ["wangqing"] },
  dingtalk: { mentions: ["13800001111", "all"], secret: "SEC-of-a-test" },
  feishu: { mentions: ["ou_0123", "all"], secret: "secret-of-a-test" },
  teams: {},
  sms: { to: ["+8613800001111"], fields: { to: "{to}", content: "{text}", template: "T-1" } },
  ticket: { authorization: "Basic dGlja2V0czpzZWNyZXQ=" },
};

export const KINDS = Object.keys(PARTICULAR) as Channel["kind"][];

export function channelOf(kind: Channel["kind"], more: object = {}): Channel {
  const url = `https://robots.example.org/${kind}?key=693a91f6-7abc`;
  return channelSchema.parse({ name: kind, kind, url, ...PARTICULAR[kind], ...more });
}
