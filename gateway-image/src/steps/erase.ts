/** POST /admin/v1/erasures: what is kept of a principal goes; the answer says what went and what stays. */
import { parsed } from "../admin/apply-changes.ts";
import { type Eraser, erasureSchema } from "../admin/erasure.ts";
import { callerOf, type Step } from "../context.ts";
import { answerJson } from "./answer-json.ts";
import { parseJsonBody } from "./parse-call.ts";

export function erase(eraser: Eraser): Step {
  return async function erase(context, next) {
    const { principal } = parsed(erasureSchema, parseJsonBody(context.body));
    context.subject = `principals/${principal}`;
    const erasure = await eraser.erase(principal, callerOf(context).principal);
    await answerJson(context, 200, { object: "erasure", principal, ...erasure });
    await next();
  };
}
