/**
 * Alerts as one text that fits a channel: each in full while there is room, then one line each, then
 * their number. Who tells several notifications at once asks whether all of them are there in full. Pure.
 */
import type { Language } from "./channel.ts";
import { cutText, type Measure, oneLine } from "./text.ts";
import { gravestFirst, headOf, type ToldAlert, titleOf } from "./told-alert.ts";
import { WORDS } from "./wording.ts";

export interface Layout {
  readonly language: Language;
  readonly max: number;
  readonly measure: Measure;
  /** Between blocks. */
  readonly gap: string;
  /** Above everything, within `max`. */
  readonly title: (text: string) => string;
  /** One alert in full; `descriptionMax` is a bound of its longest text. */
  readonly block: (alert: ToldAlert, descriptionMax: number) => string;
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
const TITLE_MAX = 200;
const LINE_MAX = 120;

export function compose(alerts: readonly ToldAlert[], layout: Layout): Text {
  const { measure, gap, language } = layout;
  const ordered = gravestFirst(alerts);
  // One alert has a head of its own.
  const words = alerts.length === 1 ? "" : cutText(titleOf(alerts, language), TITLE_MAX);
  const title = words === "" ? "" : layout.title(words);
  const parts = title === "" ? [] : [title];
  const tail = layout.end === "" ? 0 : measure(gap) + measure(layout.end);
  let room = layout.max - measure(title) - tail;
  // The rest is told by lines or by its number; what those take is kept free while there is a rest.
  const last = layout.line(WORDS[language].more(alerts.length));
  const reserve = measure(gap) + measure(last);
  let left = ordered.length;
  let full = 0;
  let whole = true;
  for (const alert of ordered) {
    const spare = room - (left === 1 ? 0 : reserve);
    const block = fitting(alert, layout, spare);
    if (block === undefined) break;
    whole &&= block === layout.block(alert, DESCRIPTION_MAX);
    parts.push(block);
    room -= measure(gap) + measure(block);
    left -= 1;
    full += 1;
  }
  for (const alert of ordered.slice(full)) {
    const line = layout.line(cutText(shortOf(alert, language), LINE_MAX));
    const needed = measure(gap) + measure(line);
    if (needed > room - (left === 1 ? 0 : reserve)) break;
    parts.push(line);
    room -= needed;
    left -= 1;
  }
  if (left > 0) parts.push(layout.line(WORDS[language].more(left)));
  if (layout.end !== "") parts.push(layout.end);
  return { text: parts.join(gap), whole: whole && full === ordered.length };
}

/** Without its description, rather than not at all. */
function fitting(alert: ToldAlert, layout: Layout, room: number): string | undefined {
  const { measure, gap } = layout;
  return [DESCRIPTION_MAX, 0]
    .map((max) => layout.block(alert, max))
    .find((block) => measure(gap) + measure(block) <= room);
}

export function shortOf(alert: ToldAlert, language: Language): string {
  return oneLine(`[${headOf(alert, language)}] ${alert.site} ${alert.name} ${alert.summary}`);
}
