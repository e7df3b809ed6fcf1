/**
 * Proof of the word filter: the test bank, sent through the gateway where a list of the running stack holds
 * its words, else judged by the filter's own engine alone, and said so.
 */
import { type Agent, request } from "undici";
import { Automaton } from "../../../gateway-image/src/content/automaton.ts";
import { normalisedText } from "../../../gateway-image/src/content/normalise.ts";
import { TextFilter } from "../../../gateway-image/src/content/text-filter.ts";
import { BANK_WORDS, FILTER_BANK, type Sentence } from "./filter-bank.ts";
import { reasonOf } from "./listener.ts";
import type { Shown } from "./shown.ts";

export interface FilterQuestion {
  /** null: there is no way to it, because of `without`. */
  readonly gateway: {
    readonly url: string;
    readonly key: string;
    readonly model: string;
    readonly dispatcher: Agent;
  } | null;
  readonly without: string;
  readonly now: Date;
}

interface Tried {
  readonly text: string;
  readonly way: Sentence["way"];
  readonly blocked: boolean;
  readonly found: "blocked" | "passed" | string;
}

const TITLE = { zh: "内容过滤题库", en: "Test bank of the content filter" };
const ANSWER_MS = 30_000;

export async function filterProof({ gateway, without, now }: FilterQuestion): Promise<Shown> {
  const engine = FILTER_BANK.map((one) => tried(one, judgedByEngine(one)));
  if (gateway === null) return judged(now, "the filter's engine", engine, [without]);
  try {
    // The first sentence is a listed word in plain writing.
    const [first] = FILTER_BANK;
    if (first === undefined || (await sent(gateway, first)) !== "blocked") {
      const why =
        "no word list of the gateway holds the bank's words, so that the engine alone was asked";
      return judged(now, "the filter's engine", engine, [why]);
    }
    const through: Tried[] = [];
    for (const one of FILTER_BANK) through.push(tried(one, await sent(gateway, one)));
    return judged(now, gateway.url, through, []);
  } catch (cause) {
    return judged(now, "the filter's engine", engine, [`${gateway.url}: ${reasonOf(cause)}`]);
  }
}

function tried({ pieces, way, blocked }: Sentence, found: string): Tried {
  return { text: pieces.join("|"), way, blocked, found };
}

/** Whole, in its pieces and character by character: however a stream is cut, it is judged alike. */
function judgedByEngine({ pieces }: Sentence): string {
  const words = BANK_WORDS.map((word) => ({ text: normalisedText(word), list: 0 }));
  const automaton = new Automaton(words);
  const text = pieces.join("");
  const results = [[text], pieces, [...text]].map((parts) => {
    const filter = new TextFilter(automaton, () => "block");
    for (const part of parts) filter.push(part);
    filter.flush();
    return filter.blocked ? "blocked" : "passed";
  });
  const [whole = ""] = results;
  return results.every((one) => one === whole) ? whole : `cut in pieces ${results.join(", ")}`;
}

type Gateway = NonNullable<FilterQuestion["gateway"]>;

/** One token at most is asked for: what passes costs next to nothing. */
async function sent(gateway: Gateway, { pieces }: Sentence): Promise<string> {
  const { url, key, model, dispatcher } = gateway;
  const messages = [{ role: "user", content: pieces.join("") }];
  const answer = await request(`${url}/v1/chat/completions`, {
    ...{ method: "POST", dispatcher, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS },
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages, max_tokens: 1 }),
  });
  const text = await answer.body.text();
  if (answer.statusCode === 200) return "passed";
  if (answer.statusCode === 400 && text.includes('"content_filtered"')) return "blocked";
  return `answered ${answer.statusCode}`;
}

function judged(now: Date, on: string, rows: readonly Tried[], open: readonly string[]): Shown {
  const wanted = ({ blocked }: Tried) => (blocked ? "blocked" : "passed");
  const answered = rows.filter(({ found }) => !found.startsWith("answered"));
  const wrong = answered.filter((one) => one.found !== wanted(one));
  const unanswered = rows.filter((one) => !answered.includes(one));
  const findings = [
    ...wrong.map(
      (one) => `${one.way}: “${visible(one.text)}” ${one.found}, must be ${wanted(one)}`,
    ),
    ...(unanswered.length === 0
      ? []
      : [`${unanswered.length} sentences were not judged: ${unanswered[0]?.found}`]),
    ...open,
  ];
  const right = answered.filter((one) => !wrong.includes(one));
  const of = (blocked: boolean) => {
    const all = rows.filter((one) => one.blocked === blocked);
    return `${all.filter((one) => right.includes(one)).length} of ${all.length}`;
  };
  return {
    ...{ id: "filter-bank", control: "content-filter", title: TITLE, on, at: now.toISOString() },
    result: wrong.length > 0 ? "fail" : findings.length > 0 ? "notEvaluated" : "pass",
    figures: { "stopped as they must": of(true), "passed as they must": of(false) },
    findings,
    raw: { at: now.toISOString(), on, words: BANK_WORDS, sentences: rows },
  };
}

/** Characters that nobody sees, as their numbers. */
function visible(text: string): string {
  return text.replaceAll(
    /[\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}]/gu,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
