/**
 * Proof that alerts are known and arrive: the rules that Prometheus has loaded beside those that the
 * program rendered, and what Alertmanager says that it has told its channels.
 */
import { z } from "zod";
import type { PrometheusClient, Sample } from "../../prometheus/client.ts";
import { reasonOf } from "./listener.ts";
import type { Shown } from "./shown.ts";

export interface AlertQuestion {
  /** null: there is no way to it, because of `without`. */
  readonly prometheus: PrometheusClient | null;
  readonly without: string;
  /** Names of alerts and recordings as rendered; null: the graph has no such file. */
  readonly rendered: readonly string[] | null;
  readonly now: Date;
}

const RULES = { zh: "告警规则已加载", en: "Alert rules are loaded" };
const DELIVERY = { zh: "告警送达", en: "Alerts are delivered" };
const HOUR_SECONDS = 3_600;

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        z.object({ name: z.string(), type: z.string(), health: z.string().optional() }),
      ),
    }),
  ),
});
const managersSchema = z.object({ activeAlertmanagers: z.array(z.object({ url: z.string() })) });

export async function alertProofs(question: AlertQuestion): Promise<Shown[]> {
  const { prometheus, without, now } = question;
  if (prometheus === null) return [rulesOpen(now, without), deliveryOpen(now, without)];
  const said = (cause: unknown) => `${prometheus.url}: ${reasonOf(cause)}`;
  return [
    await rulesProof(question, prometheus).catch((cause) => rulesOpen(now, said(cause))),
    await deliveryProof(now, prometheus).catch((cause) => deliveryOpen(now, said(cause))),
  ];
}

const open = { on: "Prometheus", result: "notEvaluated", figures: {}, raw: null } as const;

function rulesOpen(now: Date, why: string): Shown {
  const about = { id: "alert-rules", control: "alerting", title: RULES };
  return { ...about, at: now.toISOString(), ...open, findings: [why] };
}

function deliveryOpen(now: Date, why: string): Shown {
  const about = { id: "alert-delivery", control: "alert-proof", title: DELIVERY };
  return { ...about, at: now.toISOString(), ...open, findings: [why] };
}

async function rulesProof(
  { rendered, now }: AlertQuestion,
  asked: PrometheusClient,
): Promise<Shown> {
  const { groups } = rulesSchema.parse(await asked.get("rules"));
  const rules = groups.flatMap((group) => group.rules);
  const loaded = rules.map(({ name }) => name);
  const faults = rules
    .filter(({ health }) => health !== undefined && health !== "ok" && health !== "unknown")
    .map(({ name, health }) => `${name}: ${health}`);
  const lacks = (from: readonly string[], other: readonly string[]) => {
    const known = new Set(other);
    return [...new Set(from.filter((one) => !known.has(one)))];
  };
  if (rendered !== null) {
    for (const name of lacks(rendered, loaded)) faults.push(`${name} is rendered and not loaded`);
    for (const name of lacks(loaded, rendered)) faults.push(`${name} is loaded and not rendered`);
    if (faults.length === 0 && rendered.length !== loaded.length) {
      faults.push(`${rendered.length} rules are rendered, ${loaded.length} are loaded`);
    }
  }
  const alerts = rules.filter(({ type }) => type === "alerting").length;
  return {
    ...{ id: "alert-rules", control: "alerting", title: RULES, on: asked.url },
    at: now.toISOString(),
    result: faults.length > 0 ? "fail" : rendered === null ? "notEvaluated" : "pass",
    figures: {
      "rules loaded": loaded.length,
      "rules rendered": rendered?.length ?? "-",
      alerts,
    },
    findings: [
      ...faults,
      ...(rendered === null ? ["the stack renders no rules to compare with"] : []),
    ],
    raw: { at: now.toISOString(), groups },
  };
}

/** Of the last day: longer ago is another site's past. */
const QUERIES = {
  watchdog: 'ALERTS{alertname="Watchdog",alertstate="firing"}',
  sent: "sum by (integration) (alertmanager_notifications_total)",
  failed: "sum by (integration) (alertmanager_notifications_failed_total)",
  sentDay: "sum by (integration) (increase(alertmanager_notifications_total[1d]))",
  failedHour: "sum by (integration) (increase(alertmanager_notifications_failed_total[1h]))",
  received: "sum(increase(alertmanager_alerts_received_total[1h]))",
  receivedEver: "sum(alertmanager_alerts_received_total)",
  managerSeconds: 'time() - max(process_start_time_seconds{job=~".*alertmanager.*"})',
} as const;

async function deliveryProof(now: Date, asked: PrometheusClient): Promise<Shown> {
  const { activeAlertmanagers } = managersSchema.parse(await asked.get("alertmanagers"));
  const vectors: Record<string, readonly Sample[]> = {};
  for (const [name, query] of Object.entries(QUERIES)) vectors[name] = await asked.now(query);
  const sum = (name: keyof typeof QUERIES) =>
    (vectors[name] ?? []).reduce((all, { value }) => all + value, 0);
  const faults = [
    ...(activeAlertmanagers.length === 0 ? ["Prometheus has no Alertmanager"] : []),
    ...((vectors["watchdog"] ?? []).length === 0 ? ["Watchdog does not fire"] : []),
    ...(vectors["failedHour"] ?? [])
      .filter(({ value }) => value > 0)
      .map(({ metric, value }) => {
        const times = Math.ceil(value);
        return `${metric["integration"] ?? "a channel"} failed ${times} times within an hour`;
      }),
  ];
  // Prometheus repeats what fires every minute or so. Of one that has just begun no increase is known.
  const young = sum("managerSeconds") < HOUR_SECONDS;
  const heard = sum("received") > 0 || (young && sum("receivedEver") > 0);
  if (activeAlertmanagers.length > 0 && !heard)
    faults.push("Alertmanager has heard of no alert for an hour");
  const told = sum("sentDay") > 0;
  const quiet = told
    ? []
    : ["no channel was told anything within a day: none is configured, or nothing fired"];
  return {
    ...{ id: "alert-delivery", control: "alert-proof", title: DELIVERY, on: asked.url },
    at: now.toISOString(),
    result: faults.length > 0 ? "fail" : told ? "pass" : "notEvaluated",
    figures: {
      Alertmanagers: activeAlertmanagers.length,
      ...byChannel("told", vectors["sent"] ?? []),
      ...byChannel("failed", vectors["failed"] ?? []),
    },
    findings: [...faults, ...quiet],
    raw: { at: now.toISOString(), alertmanagers: activeAlertmanagers, queries: QUERIES, vectors },
  };
}

function byChannel(what: string, vector: readonly Sample[]) {
  return Object.fromEntries(
    vector
      .filter(({ value }) => value > 0)
      .map(({ metric, value }) => [`${what}, ${metric["integration"] ?? "?"}`, value]),
  );
}
