/** Answers a call of the gateway's own with JSON, after its records are safe. */

import { beforeEnd, type RequestContext } from "../context.ts";
import { JSON_TYPE, sendWhole } from "../send-whole.ts";

export async function answerJson(
  context: RequestContext,
  status: number,
  body: unknown,
): Promise<void> {
  context.response.statusCode = status;
  await beforeEnd(context);
  await sendWhole(context, status, JSON_TYPE, Buffer.from(JSON.stringify(body)));
}
