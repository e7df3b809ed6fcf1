/** Answers a call of the gateway's own with JSON, after its records are safe. */
import { sendJson } from "../base/send-json.ts";
import { beforeEnd, type RequestContext } from "../context.ts";

export async function answerJson(
  context: RequestContext,
  status: number,
  body: unknown,
): Promise<void> {
  context.response.statusCode = status;
  await beforeEnd(context);
  sendJson(context.response, status, body);
}
