/**
 * A text message through a gateway of HTTP whose fields the settings name. One alert in words, of others
 * their number: every segment is paid for. A text of the basic alphabet has 160 characters, or 153 in each
 * of several segments; any other 70, or 67 (3GPP TS 23.038 and 23.040).
 */
import type { Of } from "../channel.ts";
import { cutText, oneLine } from "../text.ts";
import { gravestFirst, headOf, type ToldAlert } from "../told-alert.ts";
import { WORDS } from "../wording.ts";
import { type Answer, type Form, fieldsOf, judgeStatus, type Verdict } from "./form.ts";

export function smsForm(channel: Of<"sms">): Form {
  return {
    // A telephone that rings more often than every six seconds is put away.
    rate: { perMinute: 10, burst: 4 },
    compose: (alerts) => {
      const text = smsText(alerts, channel);
      const request = requestOf(channel, text);
      return { whole: true, at: () => request };
    },
    judge: (answer) => judge(answer, channel),
  };
}

function smsText(
  alerts: readonly ToldAlert[],
  { language, segmentsMax }: Pick<Of<"sms">, "language" | "segmentsMax">,
): string {
  const [first, ...others] = gravestFirst(alerts);
  if (first === undefined) throw new Error("a message without an alert");
  const { name, site, summary, value } = first;
  const { colon } = WORDS[language];
  const count = others.length === 0 ? "" : ` +${others.length}`;
  const said = value === "" ? "" : ` (${WORDS[language].value}${colon}${value})`;
  const rest = [...Map.groupBy(others, (one) => one.name)]
    .map(([other, { length }]) => (length === 1 ? other : `${other} (${length})`))
    .join(", ");
  const head = `[${headOf(first, language)}${count}] ${site} ${name}`;
  const text = oneLine(`${head}: ${summary}${said}${rest === "" ? "" : `; ${rest}`}`);
  const measure = unitsOf(text);
  const max = charactersMax(text, segmentsMax);
  if (measure(text) <= max) return text;
  // The basic alphabet has no ellipsis: three points in its place.
  if (!isBasic(text)) return cutText(text, max, measure);
  return cutText(text, max - 2, measure).replace(/…$/, "...");
}

/** GSM 03.38: what is sent with seven bits; the second row takes two places. */
const BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED = "^{}\\[~]|€";

function isBasic(text: string): boolean {
  return [...text].every((one) => BASIC.includes(one) || EXTENDED.includes(one));
}

function unitsOf(text: string) {
  if (!isBasic(text)) return (part: string) => part.length;
  return (part: string) =>
    [...part].reduce((sum, one) => sum + (EXTENDED.includes(one) ? 2 : 1), 0);
}

function charactersMax(text: string, segmentsMax: number): number {
  const [single, each] = isBasic(text) ? [160, 153] : [70, 67];
  return segmentsMax === 1 ? single : segmentsMax * each;
}

function requestOf(channel: Of<"sms">, text: string) {
  const { url, authorization, encoding, fields, to } = channel;
  const filled = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      // A function, since a text with `$&` in it would be taken for a pattern.
      value.replaceAll("{to}", () => to.join(",")).replaceAll("{text}", () => text),
    ]),
  );
  const type =
    encoding === "json" ? "application/json; charset=utf-8" : "application/x-www-form-urlencoded";
  return {
    url,
    headers: {
      "content-type": type,
      ...(authorization === undefined ? {} : { authorization }),
    },
    body: encoding === "json" ? JSON.stringify(filled) : new URLSearchParams(filled).toString(),
  };
}

function judge(answer: Answer, { accepted }: Of<"sms">): Verdict {
  const bad = judgeStatus(answer);
  if (bad !== null || accepted === undefined) return bad ?? { kind: "taken" };
  const value = accepted.field
    .split(".")
    .reduce<unknown>(
      (at, name) =>
        typeof at === "object" && at !== null ? (at as Record<string, unknown>)[name] : undefined,
      fieldsOf(answer.body),
    );
  if (String(value) === accepted.is) return { kind: "taken" };
  // Which of its codes pass and which do not, only its own pages say.
  return { kind: "again", reason: `${accepted.field} is ${String(value)}` };
}
