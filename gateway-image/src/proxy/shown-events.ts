/**
 * What the caller is shown of a stream, event by event: past the word lists where one is about the
 * call, then in the words of the caller's API.
 */
import type { AnswerFilter } from "../content/answer-filter.ts";
import type { Json } from "../content/json.ts";
import type { Presenter } from "./presenter.ts";
import { eventData } from "./sse-events.ts";

export class ShownEvents {
  readonly #filter: AnswerFilter | null;
  readonly #presenter: Presenter | null;

  constructor(filter: AnswerFilter | null, presenter: Presenter | null) {
    this.#filter = filter;
    this.#presenter = presenter;
  }

  /** A word list ends the answer here, whatever else the model server would say. */
  get cut(): boolean {
    return this.#filter?.blocked === true;
  }

  /** null: nothing of it. */
  of(event: Buffer): Buffer | null {
    if (this.#filter === null) return this.#presented(event);
    const data = eventData(event);
    if (data === null) return this.#presented(event);
    const chunk = parsed(data);
    if (chunk === null) return this.#presented(event);
    const shown = this.#filter.chunk(chunk);
    if (shown === chunk) return this.#presented(event);
    return shown === null ? null : this.#presented(eventOf(shown));
  }

  /** What is left to be shown at the end; `usage`: to be told after a cut, where it was asked for. */
  end(usage: Json | null): Buffer[] {
    const rest = this.#filter?.rest() ?? null;
    const chunks = rest === null ? [] : [rest];
    if (this.cut && usage !== null) chunks.push({ ...rest, choices: [], usage });
    return chunks.map((chunk) => this.#presented(eventOf(chunk))).filter((one) => one !== null);
  }

  #presented(event: Buffer): Buffer | null {
    return this.#presenter === null ? event : this.#presenter.event(event);
  }
}

/** null: no JSON object, which says nothing of a model. */
function parsed(data: Buffer): Json | null {
  try {
    const value: unknown = JSON.parse(data.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Json) : null;
  } catch {
    return null;
  }
}

function eventOf(chunk: Json): Buffer {
  return Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`, "utf8");
}
