/** What is told of one alert, in the order in which a person wants to know it. Pure. */
import type { Language } from "./channel.ts";
import type { Alert } from "./notification.ts";
import { cutText, linkOf, oneLine } from "./text.ts";
import { WORDS } from "./wording.ts";

export interface ToldAlert {
  readonly name: string;
  readonly firing: boolean;
  readonly severity: string;
  readonly site: string;
  readonly summary: string;
  readonly description: string;
  /** Whom it is about: a model, a tenant, an instance. */
  readonly about: string;
  readonly value: string;
  readonly since: string;
  readonly until: string;
  readonly runbook: string | undefined;
  readonly dashboard: string | undefined;
  /** The same as long as it is the same alert, whether it fires or ends. */
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Gravest first; what nobody knows comes last. */
const SEVERITIES = ["critical", "error", "warning", "info"];
const ABOUT = ["tenant", "model", "model_name", "channel", "job", "instance", "pod", "gpu", "UUID"];

export function toldAlert(alert: Alert, language: Language): ToldAlert {
  const { labels, annotations, startsAt, endsAt, status, fingerprint } = alert;
  // A rule may say itself in Chinese, too.
  const own = (name: string) =>
    oneLine((language === "zh" ? annotations[`${name}_zh`] : undefined) ?? annotations[name] ?? "");
  const firing = status === "firing";
  const { alertname = "" } = labels;
  const name = oneLine(alertname);
  const site = oneLine(labels["site"] ?? "");
  return {
    name,
    firing,
    severity: oneLine(labels["severity"] ?? ""),
    site,
    summary: own("summary"),
    description: own("description"),
    about: ABOUT.flatMap((key) => (labels[key] ? [`${key}=${oneLine(labels[key])}`] : [])).join(
      " ",
    ),
    // What its rule saw last while it fired is no value of the present.
    value: firing ? own("value") : "",
    since: moment(startsAt),
    until: firing ? "" : moment(endsAt),
    runbook: linkOf(annotations["runbook_url"]),
    dashboard: linkOf(annotations["dashboard"]),
    key: `${name}/${site}/${oneLine(fingerprint)}`,
    labels,
  };
}

/** To the second, in UTC: a group's people may sit in several places. */
function moment(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return "";
  return `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function rankOf({ firing, severity }: ToldAlert): number {
  const rank = SEVERITIES.indexOf(severity);
  return (firing ? 0 : 10) + (rank < 0 ? SEVERITIES.length : rank);
}

/** What fires goes before what has ended, the gravest first. */
export function gravestFirst(alerts: readonly ToldAlert[]): ToldAlert[] {
  return alerts.toSorted((one, other) => rankOf(one) - rankOf(other));
}

/** Of a group: its gravest alert's. */
export function gravity(alerts: readonly ToldAlert[]): number {
  return Math.min(...alerts.map(rankOf));
}

export function isUrgent(alerts: readonly ToldAlert[]): boolean {
  return alerts.some(({ firing, severity }) => firing && severity === "critical");
}

/** `[CRITICAL] …`, in the language of the channel. */
export function headOf(alert: ToldAlert, language: Language): string {
  const words = WORDS[language];
  const { firing, severity } = alert;
  const grave = words.severity[severity] ?? severity.toUpperCase();
  if (firing) return grave === "" ? words.firing : grave;
  return grave === "" ? words.resolved : `${words.resolved} · ${grave}`;
}

/** Labels with their values, without those that are empty. */
export function factsOf(alert: ToldAlert, language: Language): (readonly [string, string])[] {
  const words = WORDS[language];
  const rows: (readonly [string, string])[] = [
    [words.site, alert.site],
    [words.about, alert.about],
    [words.value, alert.value],
    [words.since, alert.since],
    [words.until, alert.until],
  ];
  return rows.filter(([, text]) => text !== "");
}

export function linksOf(alert: ToldAlert, language: Language): (readonly [string, string])[] {
  const words = WORDS[language];
  return [
    ...(alert.runbook === undefined ? [] : [[words.runbook, alert.runbook] as const]),
    ...(alert.dashboard === undefined ? [] : [[words.dashboard, alert.dashboard] as const]),
  ];
}

export interface Title {
  readonly text: string;
  /** It says how grave the only alert is, its name and its summary: they need not be said again. */
  readonly saysAll: boolean;
}

const TITLE_BYTES_MAX = 200;

/** Above a message, and all that a locked telephone shows of it: how grave, where, which and how many, and what is wrong. */
export function titleOf(alerts: readonly ToldAlert[], language: Language): Title {
  const [first] = gravestFirst(alerts);
  if (first === undefined) throw new Error("a message without an alert");
  const words = WORDS[language];
  const firing = alerts.filter((one) => one.firing).length;
  const count = alerts.length === 1 ? "" : ` (${words.counts(firing, alerts.length - firing)})`;
  const summary = first.summary === "" ? "" : `${words.colon}${first.summary}`;
  const whole = oneLine(
    `[${headOf(first, language)}] ${first.site} ${first.name}${count}${summary}`,
  );
  const text = cutText(whole, TITLE_BYTES_MAX);
  return { text, saysAll: alerts.length === 1 && text === whole };
}

/** An alert in a line, where there is no room for more. */
export function shortOf(alert: ToldAlert, language: Language): string {
  const { about } = alert;
  const line = `[${headOf(alert, language)}] ${alert.site} ${alert.name}${WORDS[language].colon}`;
  return oneLine(`${line}${alert.summary}${about === "" ? "" : ` (${about})`}`);
}

/** Of what has ended, what was said of it while it fired is no longer true. */
export function descriptionOf(alert: ToldAlert): string {
  return alert.firing ? alert.description : "";
}
