/**
 * Reads from the body what the gateway acts upon, and checks that much. All other members belong
 * to the model server and pass through as they are.
 */
import { z } from "zod";
import { parseJson, scanMembers } from "../base/json-members.ts";
import type { Call, Step } from "../context.ts";
import type { Api, EndpointRow } from "../endpoints.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import { imageParts } from "../proxy/image-parts.ts";
import { refuseSteering } from "./steering-members.ts";

const positive = z.number().int().min(1).nullish();
const options = z.looseObject({
  include_usage: z.boolean().nullish(),
  continuous_usage_stats: z.boolean().nullish(),
});
const shared = {
  model: z.string().min(1).max(128),
  stream: z.boolean().nullish(),
  stream_options: options.nullish(),
  n: positive,
};
const tokens = z.array(z.number().int().min(0)).min(1);
/** A text, a prompt as token numbers, or several of either. */
const texts = z.union([z.string(), z.array(z.string()).min(1), tokens, z.array(tokens).min(1)]);

export const CALL_SCHEMAS: Record<Api, z.ZodType<Body>> = {
  chat: z.looseObject({
    ...shared,
    max_tokens: positive,
    max_completion_tokens: positive,
    messages: z.array(z.looseObject({ role: z.string().min(1) })).min(1),
  }),
  // None: the prompt is only to be scored (`echo` with `logprobs`).
  completions: z.looseObject({
    ...shared,
    max_tokens: z.number().int().min(0).nullish(),
    prompt: texts,
  }),
  embeddings: z.looseObject({ model: shared.model, input: texts }),
};

interface Body {
  readonly model: string;
  readonly stream?: boolean | null | undefined;
  readonly stream_options?: z.output<typeof options> | null | undefined;
  readonly max_tokens?: number | null | undefined;
  readonly max_completion_tokens?: unknown;
  readonly prompt?: unknown;
  readonly n?: number | null | undefined;
  readonly messages?: unknown;
}

export function parseCall(): Step {
  return function parseCall(context, next) {
    context.call = readCall(context.endpoint, context.body);
    return next();
  };
}

/** Also of bodies that other steps make of what a caller sent them. */
export function readCall(endpoint: EndpointRow, bytes: Buffer): Call {
  const { api } = endpoint;
  if (api === null) throw new Error(`${endpoint.path} asks nothing of a model`);
  const scan = scanMembers(bytes);
  const json = parseJsonBody(bytes, scan);
  if (scan === null) throw new GatewayError("invalid_request", { message: OBJECT_EXPECTED });
  refuseRepeats(scan.members.map((member) => member.name));
  refuseSteering(scan.members);
  const result = CALL_SCHEMAS[api].safeParse(json);
  if (!result.success) throw toInvalidRequest(result.error);
  const body = result.data;
  const stream = body.stream === true || endpoint.alwaysStreams === true;
  const streamOptions = body.stream_options ?? null;
  if (streamOptions !== null && !stream) {
    throw new GatewayError("invalid_request", {
      message: "stream_options: only allowed where `stream` is true.",
      param: "stream_options",
    });
  }
  // vLLM takes a chat for embeddings as well.
  const images = imageParts(body.messages);
  // Room beyond the usual is for images alone.
  if (bytes.length - (images?.bytes ?? 0) > limits.bodyBytesMax) {
    throw new GatewayError("body_too_large");
  }
  const limited = tokensMax(api, body);
  const includeUsage = streamOptions?.include_usage === true;
  return {
    model: body.model,
    stream,
    includeUsage,
    continuousUsage: includeUsage && streamOptions?.continuous_usage_stats === true,
    streamOptions,
    streamForced: stream && body.stream !== true,
    needsMaxTokens: api !== "embeddings" && limited === null,
    maxTokens: limited,
    answers: (body.n ?? 1) * promptCount(body.prompt),
    images,
    members: scan.members,
  };
}

/**
 * Of one answer; null: the caller named none. vLLM lets `max_completion_tokens` win, others may not:
 * the larger one is what a chat can cost. Of a completion it knows `max_tokens` alone, and computes
 * one token where none is asked for.
 */
function tokensMax(api: Api, { max_tokens, max_completion_tokens }: Body): number | null {
  const named = api === "chat" ? [max_tokens, max_completion_tokens] : [max_tokens];
  const numbers = named.filter((value) => typeof value === "number");
  return numbers.length === 0 ? null : Math.max(1, ...numbers);
}

/** Several texts, or several lists of token numbers, are answered one by one. */
function promptCount(prompt: unknown): number {
  return Array.isArray(prompt) && typeof prompt[0] !== "number" ? prompt.length : 1;
}

const OBJECT_EXPECTED = "The body must be a JSON object.";
/** No object that comes out of it is nested so deeply that writing it again could fail. */
export function parseJsonBody(bytes: Buffer, scan = scanMembers(bytes)): unknown {
  if (scan !== null && scan.depth > limits.jsonDepthMax) {
    throw new GatewayError("invalid_request", { message: "The body is nested too deeply." });
  }
  const json = parseJson(bytes);
  // The parser's message quotes the text, which may be a patient's; it is not kept.
  if (json === undefined) throw new GatewayError("invalid_json");
  return json;
}

/** Two parsers may choose differently between two members of one name; nobody needs that. */
function refuseRepeats(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) {
      throw new GatewayError("invalid_request", {
        message: "A member of the body is there twice.",
        param: name.slice(0, 64),
      });
    }
    seen.add(name);
  }
}

export function toInvalidRequest(error: z.ZodError): GatewayError {
  const issue = error.issues[0];
  const param = issue?.path.map(String).join(".") ?? "";
  const missing = issue?.code === "invalid_type" && issue.input === undefined;
  const what = missing ? "is missing" : (issue?.message ?? "is invalid");
  return new GatewayError("invalid_request", { message: `${param}: ${what}`, param });
}
