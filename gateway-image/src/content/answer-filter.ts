/**
 * The word lists over an answer, whole or in chunks of OpenAI's form: everything that a model says
 * is looked at, for each choice and each kind of text by itself, and nothing is shown before it
 * can no longer be part of a word.
 */
import { isObject, type Json } from "./json.ts";
import type { TextFilter } from "./text-filter.ts";
import type { Inspection } from "./word-filter.ts";

/** Members of a delta or message that hold what the model says. */
const TEXTS = ["content", "reasoning_content", "reasoning", "refusal"] as const;
/** OpenAI's word for an answer that was cut off because of what it says. */
const CUT = "content_filter";

interface ChoiceTexts {
  readonly texts: Map<string, TextFilter>;
  finished: boolean;
}

export class AnswerFilter {
  /** A word that must not be said came up; the answer ends here. */
  blocked = false;
  readonly #inspection: Inspection;
  readonly #choices = new Map<number, ChoiceTexts>();
  /** Who and when, as every chunk of an answer says it. */
  #head: Json = {};

  constructor(inspection: Inspection) {
    this.#inspection = inspection;
  }

  /** The chunk as it may be shown; null: nothing of it yet. */
  chunk(chunk: Json): Json | null {
    const { choices, usage, ...head } = chunk;
    if (!Array.isArray(choices) || choices.length === 0) return chunk;
    this.#head = head;
    const shown = choices.filter(isObject).map((choice) => this.#choice(choice));
    const silent = shown.every(({ isSilent }) => isSilent);
    if (silent && (usage === undefined || usage === null)) return null;
    return { ...chunk, choices: shown.map(({ choice }) => choice) };
  }

  /** What was held when the answer ended; after a cut: the end of the other choices. null: nothing. */
  rest(): Json | null {
    const choices: Json[] = [];
    for (const [index, choice] of this.#choices) {
      if (choice.finished) continue;
      if (this.blocked) choices.push({ index, delta: {}, finish_reason: CUT });
      else choices.push(...this.#flushed(index, choice));
    }
    return choices.length === 0 ? null : { ...this.#head, choices };
  }

  /** A whole answer; a choice that says what must not be said keeps nothing of it. */
  whole(answer: Json): Json {
    if (!Array.isArray(answer.choices)) return answer;
    const choices = answer.choices.map((choice: unknown) => {
      if (!isObject(choice)) return choice;
      const name = isObject(choice.message) ? "message" : "text";
      const said = name === "message" ? choice.message : choice.text;
      const shown = name === "message" ? this.#message(said as Json) : this.#said(said);
      if (shown === null) return { ...choice, ...cut(name, said), finish_reason: CUT };
      return { ...choice, [name]: shown, ...("logprobs" in choice ? { logprobs: null } : {}) };
    });
    return { ...answer, choices };
  }

  #choice(choice: Json): { readonly choice: Json; readonly isSilent: boolean } {
    const index = typeof choice.index === "number" ? choice.index : 0;
    const state = this.#choices.get(index) ?? { texts: new Map(), finished: false };
    this.#choices.set(index, state);
    const finished = choice.finish_reason !== undefined && choice.finish_reason !== null;
    const writer = new ChoiceWriter(choice, (name) => this.#textOf(state, name));
    writer.pushAll();
    // Another kind of text begins or all ends: what the others held comes before it.
    for (const [name, text] of state.texts) {
      const isOver = finished || (writer.spoken.size > 0 && !writer.spoken.has(name));
      if (isOver && text.holds) writer.append(name, text.flush());
    }
    const blocked = [...state.texts.values()].some((text) => text.blocked);
    if (blocked) this.blocked = true;
    if (blocked || finished) state.finished = true;
    return {
      choice: writer.result(blocked ? CUT : undefined),
      isSilent: !blocked && !finished && writer.isSilent,
    };
  }

  #textOf(choice: ChoiceTexts, name: string): TextFilter {
    const text = choice.texts.get(name) ?? this.#inspection.text();
    choice.texts.set(name, text);
    return text;
  }

  #flushed(index: number, { texts }: ChoiceTexts): Json[] {
    const isCompletion = texts.has("text");
    const writer = new ChoiceWriter(isCompletion ? { index, text: "" } : { index, delta: {} });
    for (const [name, text] of texts) if (text.holds) writer.append(name, text.flush());
    if ([...texts.values()].some((text) => text.blocked)) {
      this.blocked = true;
      return [writer.result(CUT)];
    }
    return writer.isSilent ? [] : [writer.result(undefined)];
  }

  #message(message: Json): Json | null {
    const result: Record<string, unknown> = { ...message };
    for (const name of TEXTS) {
      if (!(name in message)) continue;
      result[name] = this.#said(message[name]);
      if (this.blocked) return null;
    }
    if (Array.isArray(message.tool_calls)) {
      result.tool_calls = message.tool_calls.map((call: unknown) =>
        isObject(call) ? { ...call, function: this.#called(call.function) } : call,
      );
    }
    if ("function_call" in message) result.function_call = this.#called(message.function_call);
    return this.blocked ? null : result;
  }

  #called(value: unknown): unknown {
    if (!isObject(value) || typeof value.arguments !== "string") return value;
    return { ...value, arguments: this.#said(value.arguments) };
  }

  /** null where it must not be said; what is no text stays. */
  #said(value: unknown): unknown {
    if (typeof value !== "string") return value;
    const shown = this.#inspection.whole(value);
    if (shown === null) this.blocked = true;
    return shown;
  }
}

/** Rewrites the texts of one choice of a chunk. */
class ChoiceWriter {
  readonly spoken = new Set<string>();
  readonly #choice: Record<string, unknown>;
  readonly #delta: Record<string, unknown> | null;
  readonly #textOf: (name: string) => TextFilter;
  /** Something besides text is in it, or some of its text may be shown. */
  #says = false;

  constructor(choice: Json, textOf: (name: string) => TextFilter = noText) {
    this.#choice = { ...choice };
    this.#delta = isObject(choice.delta) ? { ...choice.delta } : null;
    if (this.#delta !== null) this.#choice.delta = this.#delta;
    // The tokens of a text that is held back or changed would tell it.
    if ("logprobs" in this.#choice) this.#choice.logprobs = null;
    this.#textOf = textOf;
  }

  get isSilent(): boolean {
    return !this.#says;
  }

  pushAll(): void {
    if (typeof this.#choice.text === "string") {
      this.#choice.text = this.#push("text", this.#choice.text);
    }
    const delta = this.#delta;
    if (delta === null) return;
    for (const name of TEXTS) {
      if (typeof delta[name] === "string") delta[name] = this.#push(name, delta[name]);
    }
    if (Array.isArray(delta.tool_calls)) {
      delta.tool_calls = delta.tool_calls.map((call: unknown) => this.#call(call));
    }
    if (isObject(delta.function_call))
      delta.function_call = this.#arguments("function", delta.function_call);
    const others = Object.keys(delta).filter(
      (name) => !(TEXTS as readonly string[]).includes(name),
    );
    if (others.length > 0) this.#says = true;
  }

  /** Text that was held of another kind, or the last of this one. */
  append(name: string, text: string): void {
    if (text === "") return;
    this.#says = true;
    const delta = this.#delta ?? {};
    if (name === "text") this.#choice.text = `${this.#choice.text ?? ""}${text}`;
    else if (name.startsWith("tool:")) {
      const call = { index: Number(name.slice("tool:".length)), function: { arguments: text } };
      delta.tool_calls = [...((delta.tool_calls as unknown[]) ?? []), call];
    } else if (name === "function") delta.function_call = { arguments: text };
    else delta[name] = `${delta[name] ?? ""}${text}`;
  }

  result(finishReason: string | undefined): Json {
    return finishReason === undefined
      ? this.#choice
      : { ...this.#choice, finish_reason: finishReason };
  }

  #push(name: string, text: string): string {
    const shown = this.#textOf(name).push(text);
    // An empty text, as in a first delta, says nothing of where another one ends.
    if (text !== "") this.spoken.add(name);
    if (shown !== "" || text === "") this.#says = true;
    return shown;
  }

  #call(call: unknown): unknown {
    if (!isObject(call) || !isObject(call.function)) return call;
    const name = `tool:${typeof call.index === "number" ? call.index : 0}`;
    return { ...call, function: this.#arguments(name, call.function) };
  }

  #arguments(name: string, value: Json): Json {
    if (typeof value.arguments !== "string") return value;
    return { ...value, arguments: this.#push(name, value.arguments) };
  }
}

function noText(): TextFilter {
  throw new Error("nothing is pushed here");
}

function cut(name: "message" | "text", said: unknown): Json {
  if (name === "text") return { text: "", logprobs: null };
  const role = isObject(said) ? (said.role ?? "assistant") : "assistant";
  return { message: { role, content: "" }, logprobs: null };
}
