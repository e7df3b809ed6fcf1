/**
 * A ticket system. Each alert is an event with a key that stays the same from its beginning to its end, so
 * that who takes it opens one ticket and closes that one, however often it is told. `servicenow` is the
 * form of ServiceNow's event management (POST /api/global/em/jsonv2; severity 1 is critical, 0 clears).
 */
import type { Of } from "../channel.ts";
import { gravestFirst, type ToldAlert } from "../told-alert.ts";
import { type Form, JSON_HEADERS, judgeStatus } from "./form.ts";

const SOURCE = "deepseek";
/** Alertmanager's groups are smaller; a request should stay well below what such systems take. */
const EVENTS_MAX = 200;
const SERVICENOW: Readonly<Record<string, string>> = {
  critical: "1",
  error: "2",
  warning: "4",
  info: "5",
};

export function ticketForm({ url, authorization, shape }: Of<"ticket">): Form {
  const headers = { ...JSON_HEADERS, ...(authorization === undefined ? {} : { authorization }) };
  return {
    rate: { perMinute: 60, burst: 10 },
    compose: (alerts) => {
      const ordered = gravestFirst(alerts);
      const body = JSON.stringify(
        shape === "servicenow"
          ? { records: ordered.map(record) }
          : { source: SOURCE, events: ordered.map(event) },
      );
      return { whole: alerts.length <= EVENTS_MAX, at: () => ({ url, headers, body }) };
    },
    judge: (answer) => judgeStatus(answer) ?? { kind: "taken" },
  };
}

function event(alert: ToldAlert): object {
  const { key, firing, severity, site, name, summary, description, value, since, until } = alert;
  const { runbook = null, dashboard = null, labels } = alert;
  return {
    ...{ key, status: firing ? "opened" : "resolved", severity, site, name, summary, description },
    ...{ value, since, until: until === "" ? null : until, runbook, dashboard, labels },
  };
}

function record(alert: ToldAlert): object {
  const { key, firing, severity, site, name, summary, description, about, labels } = alert;
  const { value, runbook = "", dashboard = "" } = alert;
  return {
    source: SOURCE,
    event_class: site,
    node: labels["instance"] ?? site,
    type: name,
    resource: about,
    message_key: key,
    severity: firing ? (SERVICENOW[severity] ?? "5") : "0",
    resolution_state: firing ? "New" : "Closing",
    description: [summary, description].filter((text) => text !== "").join(" "),
    // Text with JSON in it, as that system wants it.
    additional_info: JSON.stringify({ ...labels, value, runbook, dashboard }),
  };
}
