/** POST /users/me/keys/rotate and /users/me/keys: a successor of the caller's key, a temporary one. */
import { parsed } from "../admin/apply-changes.ts";
import { rotationSchema } from "../admin/issuing.ts";
import { type OwnKeys, temporaryKeySchema } from "../admin/own-keys.ts";
import { callerOf, type RequestContext, type Step } from "../context.ts";
import { answerJson } from "./answer-json.ts";
import { parseJsonBody } from "./parse-call.ts";

export function rotateOwnKey(keys: OwnKeys): Step {
  return async function rotateOwnKey(context, next) {
    const body = context.body.length === 0 ? {} : parseJsonBody(context.body);
    const { overlapHours } = parsed(rotationSchema, body);
    await answerKey(context, await keys.rotate(callerOf(context), overlapHours));
    await next();
  };
}

export function makeTemporaryKey(keys: OwnKeys): Step {
  return async function makeTemporaryKey(context, next) {
    const wanted = parsed(temporaryKeySchema, parseJsonBody(context.body));
    await answerKey(context, await keys.makeTemporary(callerOf(context), wanted));
    await next();
  };
}

/** The secret is told once and kept by nobody on the way. */
async function answerKey(context: RequestContext, key: object): Promise<void> {
  if ("id" in key) context.subject = `keys/${key.id}`;
  context.response.setHeader("cache-control", "no-store");
  await answerJson(context, 201, key);
}
