/**
 * Reads each event of a streamed answer: keeps the usage, takes out what the caller did not ask
 * for, calls thoughts by our name, and notices the end and an error. Bytes that need no change are
 * passed on as they came.
 */
import {
  asObject,
  lastMemberStart,
  parseJson,
  patchMembers,
  scanMembers,
} from "../base/json-members.ts";
import type { Call, Usage } from "../context.ts";
import { GatewayError } from "../errors.ts";
import { isRequestAtFault, refusal } from "./refusal.ts";
import { eventData } from "./sse-events.ts";
import { withThoughtsNamed } from "./thoughts.ts";

const DONE = Buffer.from("[DONE]");

export class AnswerEvents {
  /** The model server said that the answer is complete. */
  done = false;
  /** Why the answer is not complete: the model server sent an error, or what nobody can read. */
  fault: GatewayError | null = null;
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
    const json = parseJson(data);
    // No parser of a caller could read it; an answer with such an event is not the whole one.
    if (json === undefined) {
      this.fault = new GatewayError("stream_broken", { cause: "an event that is not JSON" });
      return null;
    }
    const answer = asObject(json);
    if (answer === null) return event;
    if (Object.hasOwn(answer, "error")) {
      this.fault = faultOf(answer.error);
      return null;
    }
    const { usage, choices } = answer;
    const reported = this.#keepUsage(usage);
    const empty = Array.isArray(choices) && choices.length === 0;
    if (!empty) this.#countEvent();
    if (empty && reported && !this.#call.includeUsage) return null;

    const changes: Record<string, string | null> = {};
    if (usage !== undefined && !empty && !this.#call.continuousUsage) {
      // OpenAI sends null in all events but the last where usage was asked for.
      changes.usage = this.#call.includeUsage ? "null" : null;
    }
    if (this.#rename && answer.model !== undefined) {
      changes.model = JSON.stringify(this.#call.model);
    }
    const changed = Object.keys(changes).length;
    const named = withThoughtsNamed(data);
    if (changed === 0) return named === data ? event : eventOf(named);
    const cut = changed === 1 && changes.usage === null ? lastMemberStart(named, USAGE) : -1;
    if (cut !== -1) return endedAt(named, cut);
    // The bytes are cut, not written anew: numbers that no double holds stay what they are.
    return eventOf(patchMembers(named, scanMembers(named)?.members ?? [], changes));
  }

  #keepUsage(value: unknown): boolean {
    const reported = usageOf(value);
    if (reported === null) return false;
    this.#usage.promptTokens = reported.promptTokens;
    this.#usage.completionTokens = reported.completionTokens;
    this.#usage.source = "reported";
    return true;
  }

  /** One token an event, until the model server says better. */
  #countEvent(): void {
    if (this.#usage.source === "reported") return;
    this.#usage.completionTokens += 1;
    this.#usage.source = "counted";
  }
}

/** vLLM looks at much of a request only once its answer, a stream, has begun with status 200. */
function faultOf(error: unknown): GatewayError {
  return isRequestAtFault(asObject(error)?.code)
    ? refusal(error)
    : new GatewayError("stream_broken", { cause: "the model server's error event" });
}

const DATA_START = Buffer.from("data: ");
const EVENT_END = Buffer.from("\n\n");
const USAGE = Buffer.from('"usage":');
const OBJECT_END = Buffer.from("}\n\n");

const eventOf = (data: Buffer) => Buffer.concat([DATA_START, data, EVENT_END]);

/** Of every event where the model server tells its usage last, as vLLM does: so without a scan. */
function endedAt(data: Buffer, cut: number): Buffer {
  const event = Buffer.allocUnsafe(DATA_START.length + cut + OBJECT_END.length);
  DATA_START.copy(event);
  data.copy(event, DATA_START.length, 0, cut);
  OBJECT_END.copy(event, DATA_START.length + cut);
  return event;
}

/** The counts of a `usage` object; null where it is null or malformed. */
export function usageOf(value: unknown): { promptTokens: number; completionTokens: number } | null {
  if (typeof value !== "object" || value === null || !("prompt_tokens" in value)) return null;
  const completion = "completion_tokens" in value ? value.completion_tokens : 0;
  return {
    promptTokens: toCount(value.prompt_tokens),
    completionTokens: toCount(completion),
  };
}

function toCount(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
