/** The JSON objects that vLLM sends, by endpoint; member order and null members as vLLM's. */
import type { Endpoint } from "./request.ts";

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface AnswerHead {
  readonly endpoint: Exclude<Endpoint, "embeddings">;
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

const SIMULATED = { system_fingerprint: "simulated" };

export function usageOf(usage: Usage) {
  return {
    prompt_tokens: usage.promptTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    completion_tokens: usage.completionTokens,
    prompt_tokens_details: null,
  };
}

export function wholeAnswer(head: AnswerHead, text: string, finish: string, usage: Usage) {
  const chat = head.endpoint === "chat";
  const choice = chat
    ? {
        index: 0,
        message: { role: "assistant", content: text, reasoning_content: null, tool_calls: [] },
        logprobs: null,
        finish_reason: finish,
        stop_reason: null,
      }
    : { index: 0, text, logprobs: null, finish_reason: finish, stop_reason: null };
  return {
    id: head.id,
    object: chat ? "chat.completion" : "text_completion",
    created: head.created,
    model: head.model,
    choices: [choice],
    usage: usageOf(usage),
    ...SIMULATED,
  };
}

/** One event of a stream. `text` null: the first chat event, which carries the role only. */
export function chunk(
  head: AnswerHead,
  text: string | null,
  finish: string | null,
  usage: Usage | null,
) {
  const delta =
    text === null ? { role: "assistant", content: "" } : { content: text, reasoning_content: null };
  const choice =
    head.endpoint === "chat"
      ? { index: 0, delta, logprobs: null, finish_reason: finish }
      : { index: 0, text: text ?? "", logprobs: null, finish_reason: finish, stop_reason: null };
  return { ...chunkHead(head), choices: [choice], ...(usage && { usage: usageOf(usage) }) };
}

/** The event after the last choice, where usage was asked for. */
export function usageChunk(head: AnswerHead, usage: Usage) {
  return { ...chunkHead(head), choices: [], usage: usageOf(usage) };
}

function chunkHead(head: AnswerHead) {
  return {
    id: head.id,
    object: head.endpoint === "chat" ? "chat.completion.chunk" : "text_completion",
    created: head.created,
    model: head.model,
  };
}

export function modelCard(id: string, maxModelLen: number, created: number) {
  return {
    id,
    object: "model",
    created,
    owned_by: "simulated",
    root: id,
    parent: null,
    max_model_len: maxModelLen,
    permission: [],
  };
}

export function errorAnswer(status: number, type: string, message: string) {
  return { error: { message, type, param: null, code: status } };
}
