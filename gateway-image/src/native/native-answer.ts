/** Shows a chat answer in the native API's envelope, and keeps its text for the conversation. */
import type { Presenter } from "../proxy/presenter.ts";
import { eventData } from "../proxy/sse-events.ts";

interface Choice {
  readonly delta?: { readonly content?: unknown };
  readonly message?: { readonly content?: unknown };
}

interface ChatObject {
  readonly choices?: readonly Choice[];
  readonly usage?: unknown;
}

export class NativeAnswer implements Presenter {
  /** What the model has said until now. */
  text = "";
  readonly #contextId: string | null;

  constructor(contextId: string | null) {
    this.#contextId = contextId;
  }

  event(event: Buffer): Buffer | null {
    const data = eventData(event);
    // Comments, such as heartbeats, are the same in every API.
    if (data === null) return event;
    const chunk = JSON.parse(data.toString("utf8")) as ChatObject;
    const text = textOf(chunk.choices?.[0]?.delta?.content);
    const usage = isObject(chunk.usage) ? chunk.usage : null;
    if (text === "" && usage === null) return null;
    this.text += text;
    return Buffer.from(`data: ${this.#envelope(text, usage)}\n\n`, "utf8");
  }

  whole(body: Buffer): Buffer {
    const answer = JSON.parse(body.toString("utf8")) as ChatObject;
    this.text = textOf(answer.choices?.[0]?.message?.content);
    const usage = isObject(answer.usage) ? answer.usage : null;
    return Buffer.from(this.#envelope(this.text, usage), "utf8");
  }

  #envelope(text: string, usage: object | null): string {
    const data = { text, context_id: this.#contextId, ...(usage === null ? {} : { usage }) };
    return JSON.stringify({ code: 0, message: "ok", data });
  }
}

function textOf(content: unknown): string {
  return typeof content === "string" ? content : "";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
