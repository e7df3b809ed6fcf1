/**
 * The native API's call: a prompt and, if it goes on with one, a conversation, made into a chat
 * call for all later steps; its answer is shown in the native envelope and added to the conversation.
 */

import { z } from "zod";
import type { Step } from "../context.ts";
import { nameIn } from "../endpoints.ts";
import { GatewayError } from "../errors.ts";
import type { Contexts, Message } from "../native/contexts.ts";
import { NativeAnswer } from "../native/native-answer.ts";
import { answerJson } from "./answer-json.ts";
import { parseJsonBody, readCall, toInvalidRequest } from "./parse-call.ts";

/** Members beyond these are the model server's, as in OpenAI's API. */
export const nativeCallSchema = z.looseObject({
  model: z.string().min(1).max(128).optional(),
  model_id: z.string().min(1).max(128).optional(),
  prompt: z.string().min(1),
  context_id: z.string().max(64).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  max_tokens: z.number().int().min(1).nullish(),
  stream: z.boolean().nullish(),
});

export function converse(contexts: Contexts): Step {
  return async function converse(context, next) {
    const { caller } = context;
    if (caller === null) throw new Error("converse comes too early");
    const body = readBody(context.body);
    const former =
      body.contextId === null ? [] : await contexts.load(caller.principal, body.contextId);
    const contextId = body.contextId ?? contexts.newId();
    const question: Message = { role: "user", content: body.prompt };
    const messages = [...former, question];
    context.body = Buffer.from(JSON.stringify({ ...body.rest, messages }), "utf8");
    const call = readCall(context.endpoint, context.body);
    // The last event of a native stream carries the usage, so it is asked for.
    context.call = { ...call, includeUsage: true, continuousUsage: false };
    const answer = new NativeAnswer(contextId);
    context.presenter = answer;
    if (contextId !== null) {
      // Before the answer's end: the next turn may come at once, and by way of another gateway. A
      // broken answer has no such end and is no part of the conversation.
      context.beforeEnd.push(() => {
        const whole: Message[] = [...messages, { role: "assistant", content: answer.text }];
        return contexts.save(caller.principal, contextId, whole);
      });
    }
    await next();
  };
}

/** DELETE /v1/chat/contexts/{id} */
export function forgetContext(contexts: Contexts): Step {
  return async function forgetContext(context, next) {
    const { caller, endpoint, request } = context;
    if (caller === null) throw new Error("forgetContext comes too early");
    const id = nameIn(request.url ?? "", endpoint) ?? "";
    await contexts.forget(caller.principal, id);
    await answerJson(context, 200, { code: 0, message: "ok", data: { context_id: id } });
    await next();
  };
}

function readBody(bytes: Buffer) {
  const result = nativeCallSchema.safeParse(parseJsonBody(bytes));
  if (!result.success) throw toInvalidRequest(result.error);
  const { prompt, context_id, model: plain, model_id, ...rest } = result.data;
  const model = plain ?? model_id;
  if (model === undefined || (plain !== undefined && model_id !== undefined)) {
    const message = "model: name it once, as model or as model_id.";
    throw new GatewayError("invalid_request", { message, param: "model" });
  }
  return {
    prompt,
    contextId: context_id ?? null,
    rest: { ...rest, model, stream: rest.stream === true },
  };
}
