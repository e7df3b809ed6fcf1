/**
 * The word lists over what is asked: refused, masked or only noted, before anything is sent
 * upstream; and made ready for the answer, where a list is about it.
 */
import { patchMembers, scanMembers } from "../base/json-members.ts";
import { AnswerFilter } from "../content/answer-filter.ts";
import { replaceTexts } from "../content/request-texts.ts";
import type { Inspection, WordFilter } from "../content/word-filter.ts";
import type { RequestContext, Step } from "../context.ts";
import { GatewayError } from "../errors.ts";
import { parseJsonBody } from "./parse-call.ts";

export function filter(words: WordFilter): Step {
  return function filter(context, next) {
    const { caller, model } = context;
    if (caller === null || model === null) throw new Error("filter comes too early");
    const subject = { tenant: caller.tenant.id, model: model.id };
    const input = words.begin("input", subject);
    const output = words.begin("output", subject);
    context.inspections = [input, output].filter((one) => one !== null);
    if (input !== null) filterBody(context, input);
    if (output !== null) context.answerFilter = new AnswerFilter(output);
    return next();
  };
}

function filterBody(context: RequestContext, input: Inspection): void {
  const { call, body } = context;
  if (call === null) throw new Error("filter comes too early");
  const changes = replaceTexts(parseJsonBody(body) as Record<string, unknown>, (text) => {
    const shown = input.whole(text);
    if (shown === null) throw new GatewayError("content_filtered");
    return shown;
  });
  if (Object.keys(changes).length === 0) return;
  context.body = patchMembers(body, call.members, changes);
  context.call = { ...call, members: scanMembers(context.body)?.members ?? [] };
}
