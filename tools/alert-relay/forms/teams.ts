/**
 * A channel or chat of Microsoft Teams through a webhook of the Workflows app: an Adaptive Card of at most
 * 28 KB, four messages a second (learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/
 * connectors-using). The former connectors are retired, and took another form.
 */
import type { Of } from "../channel.ts";
import { cutText, jsonBytes, plainMarkdown, utf8Bytes } from "../text.ts";
import {
  descriptionOf,
  factsOf,
  gravestFirst,
  headOf,
  linksOf,
  shortOf,
  type Title,
  type ToldAlert,
  titleOf,
} from "../told-alert.ts";
import { WORDS } from "../wording.ts";
import { type Answer, type Form, JSON_HEADERS, judgeStatus, type Verdict } from "./form.ts";

/** 28 KB for the whole message; a little is left for what Teams adds. */
const BODY_BYTES_MAX = 26_000;
const DESCRIPTION_MAX = 600;
const LINE_MAX = 200;
/** Teams shows six actions of a card; links of further alerts stand in their texts. */
const ALERTS_IN_FULL_MAX = 20;

export function teamsForm({ url, language }: Of<"teams">): Form {
  return {
    // Four a second are allowed; a group that is told more than once a second reads nothing.
    rate: { perMinute: 60, burst: 4 },
    compose: (alerts) => {
      const ordered = gravestFirst(alerts);
      let full = Math.min(ordered.length, ALERTS_IN_FULL_MAX);
      let body = cardOf(ordered, full, DESCRIPTION_MAX, language);
      const whole = full === ordered.length && utf8Bytes(body) <= BODY_BYTES_MAX;
      while (utf8Bytes(body) > BODY_BYTES_MAX && full > 0) {
        full -= 1;
        body = cardOf(ordered, full, 0, language);
      }
      return { whole, at: () => ({ url, headers: JSON_HEADERS, body }) };
    },
    judge,
  };
}

/** What a connector answered with HTTP 200, workflows that post through one pass on. */
function judge(answer: Answer): Verdict {
  const bad = judgeStatus(answer);
  if (bad !== null) return bad;
  const { body } = answer;
  if (/HTTP error 429|too many requests/i.test(body)) return { kind: "limited", reason: body };
  if (/delivery failed|HTTP error \d{3}/i.test(body)) return { kind: "again", reason: body };
  return { kind: "taken" };
}

type Element = Readonly<Record<string, unknown>>;

function cardOf(
  alerts: readonly ToldAlert[],
  full: number,
  descriptionMax: number,
  language: Of<"teams">["language"],
): string {
  const lines = alerts.slice(full).map((one) => cutText(shortOf(one, language), LINE_MAX));
  // Lines beyond what the rest of a card holds are told by their number.
  const shown = lines.slice(0, LINES_MAX);
  const left = lines.length - shown.length;
  const title = titleOf(alerts, language);
  const body: Element[] = [
    textBlock(title.text, { size: "Large", weight: "Bolder" }),
    ...alerts.slice(0, full).map((one) => container(one, descriptionMax, language, title)),
    ...shown.map((line) => textBlock(line, { isSubtle: true })),
    ...(left > 0 ? [textBlock(WORDS[language].more(left), { isSubtle: true })] : []),
  ];
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    // The newest that every client of Teams shows.
    version: "1.4",
    msteams: { width: "Full" },
    body,
  };
  const contentType = "application/vnd.microsoft.card.adaptive";
  return JSON.stringify({
    type: "message",
    // What a telephone shows of it, which is "Card" without.
    summary: title.text,
    attachments: [{ contentType, contentUrl: null, content }],
  });
}

const LINES_MAX = 40;

function container(
  alert: ToldAlert,
  descriptionMax: number,
  language: Of<"teams">["language"],
  title: Title,
): Element {
  const description = cutText(descriptionOf(alert), descriptionMax, jsonBytes);
  const links = linksOf(alert, language);
  const named = [
    textBlock(`[${headOf(alert, language)}] ${alert.name}`, { weight: "Bolder" }),
    ...(alert.summary === "" ? [] : [textBlock(alert.summary)]),
  ];
  return {
    type: "Container",
    style: styleOf(alert),
    separator: true,
    items: [
      ...(title.saysAll ? [] : named),
      ...(description === "" ? [] : [textBlock(description)]),
      {
        type: "FactSet",
        facts: factsOf(alert, language).map(([name, value]) => ({
          title: name,
          value: plain(value),
        })),
      },
      ...(links.length === 0
        ? []
        : [
            {
              type: "ActionSet",
              actions: links.map(([name, address]) => ({
                type: "Action.OpenUrl",
                title: name,
                url: address,
              })),
            },
          ]),
    ],
  };
}

function textBlock(text: string, more: Element = {}): Element {
  return { type: "TextBlock", text: plain(text), wrap: true, ...more };
}

/** Texts of a card know Markdown, and dates between double braces. */
function plain(text: string): string {
  return plainMarkdown(text).replaceAll("{{", "{ {");
}

function styleOf({ firing, severity }: ToldAlert): string {
  if (!firing) return "good";
  return { critical: "attention", error: "attention", warning: "warning" }[severity] ?? "default";
}
