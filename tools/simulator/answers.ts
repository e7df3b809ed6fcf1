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

/** One of the answers to a request. */
export interface Choice {
  readonly text: string;
  readonly finish: string;
  /** The tool that is called with `text` as its arguments; null: plain text. */
  readonly tool: string | null;
}

export function wholeAnswer(head: AnswerHead, choices: readonly Choice[], usage: Usage) {
  const chat = head.endpoint === "chat";
  return {
    id: head.id,
    object: chat ? "chat.completion" : "text_completion",
    created: head.created,
    model: head.model,
    choices: choices.map((choice, index) => (chat ? chatChoice : textChoice)(head, choice, index)),
    usage: usageOf(usage),
    ...SIMULATED,
  };
}

function chatChoice(head: AnswerHead, { text, finish, tool }: Choice, index: number) {
  const call = (name: string) => ({
    id: toolCallId(head, index),
    type: "function",
    function: { name, arguments: text },
  });
  return {
    index,
    message: {
      role: "assistant",
      content: tool === null ? text : null,
      reasoning: null,
      tool_calls: tool === null ? [] : [call(tool)],
    },
    logprobs: null,
    finish_reason: finish,
    stop_reason: null,
  };
}

function textChoice(_head: AnswerHead, { text, finish }: Choice, index: number) {
  return { index, text, logprobs: null, finish_reason: finish, stop_reason: null };
}

/** The same in all events of one answer. */
function toolCallId(head: AnswerHead, choice: number): string {
  return `${head.id.replace("chatcmpl", "call")}-${choice}`;
}

/** A piece of one answer in a stream. `text` null: the first chat event, with the role only. */
export interface Piece {
  readonly choice: number;
  readonly text: string | null;
  readonly finish: string | null;
  readonly tool: string | null;
  /** The first piece of a tool call carries its id and name. */
  readonly first: boolean;
}

export function chunk(head: AnswerHead, piece: Piece, usage: Usage | null) {
  const { choice: index, text, finish } = piece;
  const choice =
    head.endpoint === "chat"
      ? { index, delta: delta(head, piece), logprobs: null, finish_reason: finish }
      : { index, text: text ?? "", logprobs: null, finish_reason: finish, stop_reason: null };
  return { ...chunkHead(head), choices: [choice], ...(usage && { usage: usageOf(usage) }) };
}

function delta(head: AnswerHead, { choice, text, tool, first }: Piece) {
  if (text === null) return { role: "assistant", content: "" };
  if (tool === null) return { content: text };
  const start = first ? { id: toolCallId(head, choice), type: "function" } : {};
  const call = { index: 0, ...start, function: { ...(first && { name: tool }), arguments: text } };
  return { tool_calls: [call] };
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
