/**
 * Alerts as one text that fits a channel: all in full, or all without descriptions, or the gravest of them
 * so and the others in a line each, and of the rest their number. Who tells several notifications at once
 * asks whether all of them are there in full. Pure.
 */
import type { Language } from "./channel.ts";
import { cutText, type Measure } from "./text.ts";
import { gravestFirst, shortOf, type Title, type ToldAlert, titleOf } from "./told-alert.ts";
import { WORDS } from "./wording.ts";

export interface Layout {
  readonly language: Language;
  readonly max: number;
  readonly measure: Measure;
  /** Between blocks. */
  readonly gap: string;
  /** Above everything, within `max`; empty where it stands elsewhere. */
  readonly title: (text: string, gravest: ToldAlert) => string;
  /** One alert in full; `descriptionMax` is a bound of its longest text. */
  readonly block: (alert: ToldAlert, descriptionMax: number, title: Title) => string;
  /** One alert in a line. */
  readonly line: (text: string) => string;
  /** Below everything, within `max`: whom it calls. */
  readonly end: string;
}

export interface Text {
  readonly text: string;
  /** Every alert is there in full. */
  readonly whole: boolean;
}

/** A description is a sentence or two; one with a stack trace in it must not crowd out other alerts. */
const DESCRIPTION_MAX = 600;
const LINE_MAX = 200;

/** Of the room, where not all fit: in what is left the others are named. */
const IN_FULL_SHARE = 2 / 3;

export function compose(alerts: readonly ToldAlert[], layout: Layout): Text {
  const { measure, gap, language } = layout;
  const ordered = gravestFirst(alerts);
  const [gravest] = ordered;
  if (gravest === undefined) throw new Error("a message without an alert");
  const title = titleOf(alerts, language);
  const top = layout.title(title.text, gravest);
  const sized = (text: string) => ({ text, size: measure(gap) + measure(text) });
  const tail = layout.end === "" ? 0 : sized(layout.end).size;
  const room = layout.max - measure(top) - tail;
  const blocks = (max: number) => ordered.map((alert) => sized(layout.block(alert, max, title)));
  const inFull = blocks(DESCRIPTION_MAX);
  const whole = sum(inFull) <= room;
  const shown = whole ? inFull : fitting();
  const texts = [top, ...shown.map(({ text }) => text), layout.end];
  return { text: texts.filter((text) => text !== "").join(gap), whole };

  /** What is not even named is counted. */
  function fitting(): Sized[] {
    const short = blocks(0);
    if (sum(short) <= room) return short;
    const first = leading(short, room * IN_FULL_SHARE);
    const last = sized(layout.line(WORDS[language].more(alerts.length)));
    const lines = ordered
      .slice(first.length)
      .map((alert) => sized(layout.line(cutText(shortOf(alert, language), LINE_MAX))));
    const named = leading(lines, room - sum(first) - last.size);
    const left = lines.length - named.length;
    const rest = left === 0 ? [] : [sized(layout.line(WORDS[language].more(left)))];
    return [...first, ...named, ...rest];
  }
}

interface Sized {
  readonly text: string;
  readonly size: number;
}

function sum(parts: readonly Sized[]): number {
  return parts.reduce((total, { size }) => total + size, 0);
}

/** As many as there is room for. */
function leading(parts: readonly Sized[], room: number): Sized[] {
  const taken: Sized[] = [];
  let left = room;
  for (const part of parts) {
    left -= part.size;
    if (left < 0) break;
    taken.push(part);
  }
  return taken;
}
