/**
 * Reads each event of a streamed answer: keeps the usage, takes out what the caller did not ask
 * for, and notices the end and an error. Bytes that need no change are passed on as they came.
 */
import { isJson, memberText, patchMembers, scanMembers } from "../base/json-members.ts";
import type { Call, Usage } from "../context.ts";
import { eventData } from "./sse-events.ts";

const DONE = Buffer.from("[DONE]");

export class AnswerEvents {
  /** The model server said that the answer is complete. */
  done = false;
  /** The model server sent an error event; the answer is not complete. */
  failed = false;
  readonly #call: Call;
  /** Set where the model server knows the model by another name. */
  readonly #rename: boolean;
  readonly #usage: Usage;

  constructor(call: Call, rename: boolean, usage: Usage) {
    this.#call = call;
    this.#rename = rename;
    this.#usage = usage;
  }

  /** What to send on; null for nothing. [DONE] is left to the caller, who knows if it is true. */
  process(event: Buffer): Buffer | null {
    const data = eventData(event);
    if (data === null) return event;
    if (data.equals(DONE)) {
      this.done = true;
      return null;
    }
    // No parser of a caller could read it; an answer with such an event is not the whole one.
    if (!isJson(data)) {
      this.failed = true;
      return null;
    }
    const scan = scanMembers(data);
    if (scan === null) return event;
    const members = new Map(scan.members.map((member) => [member.name, member]));
    if (members.has("error")) {
      this.failed = true;
      return null;
    }
    const usage = members.get("usage");
    const reported = usage !== undefined && this.#keepUsage(memberText(data, usage));
    const choices = members.get("choices");
    const empty = choices !== undefined && /^\[\s*\]$/.test(memberText(data, choices));
    if (!empty) this.#countEvent();
    if (empty && reported && !this.#call.includeUsage) return null;

    const changes: Record<string, string | null> = {};
    if (usage !== undefined && !empty && !this.#call.continuousUsage) {
      // OpenAI sends null in all events but the last where usage was asked for.
      changes.usage = this.#call.includeUsage ? "null" : null;
    }
    if (this.#rename && members.has("model")) changes.model = JSON.stringify(this.#call.model);
    if (Object.keys(changes).length === 0) return event;
    const patched = patchMembers(data, scan.members, changes);
    return Buffer.concat([DATA_START, patched, EVENT_END]);
  }

  #keepUsage(text: string): boolean {
    const reported = parseUsage(text);
    if (reported === null) return false;
    Object.assign(this.#usage, reported, { source: "reported" });
    return true;
  }

  /** One token an event, until the model server says better. */
  #countEvent(): void {
    if (this.#usage.source === "reported") return;
    this.#usage.completionTokens += 1;
    this.#usage.source = "counted";
  }
}

const DATA_START = Buffer.from("data: ");
const EVENT_END = Buffer.from("\n\n");

/** The counts of a `usage` object; null where it is null or malformed. */
export function parseUsage(
  text: string,
): { promptTokens: number; completionTokens: number } | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof json !== "object" || json === null || !("prompt_tokens" in json)) return null;
  const completion = "completion_tokens" in json ? json.completion_tokens : 0;
  return {
    promptTokens: toCount(json.prompt_tokens),
    completionTokens: toCount(completion),
  };
}

function toCount(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
