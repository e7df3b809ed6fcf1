/** The HTTP side of the administrators' API: path, body, revision by ETag and If-Match. */
import { type Administration, adminMethodsAt } from "../admin/administration.ts";
import type { RequestContext, Step } from "../context.ts";
import { GatewayError } from "../errors.ts";
import { answerJson } from "./answer-json.ts";
import { parseJsonBody } from "./parse-call.ts";

const PREFIX = "/admin/v1/";

export function administer(administration: Administration): Step {
  return async function administer(context, next) {
    const { caller, request, body, response } = context;
    if (caller === null) throw new Error("administer comes too early");
    if (caller.mustChangePassword) throw new GatewayError("password_change_required");
    if (caller.mustEnrol) throw new GatewayError("authenticator_required");
    const [path = "", query = ""] = (request.url ?? "").split("?", 2);
    const words = pathWords(path);
    context.subject = words.join("/");
    const answer = await administration
      .answer({
        caller,
        method: request.method ?? "",
        path: words,
        query: new URLSearchParams(query),
        body: body.length === 0 ? undefined : parseJsonBody(body),
        expected: expectedRevision(context),
      })
      .catch((error: unknown) => {
        if (error instanceof GatewayError && error.code === "method_not_allowed") {
          response.setHeader("allow", adminMethodsAt(words).join(", "));
        }
        throw error;
      });
    if (answer.revision !== undefined) response.setHeader("etag", `"${answer.revision}"`);
    response.setHeader("cache-control", "no-store");
    await answerJson(context, answer.status, answer.body);
    await next();
  };
}

function pathWords(path: string): string[] {
  try {
    return path.slice(PREFIX.length).split("/").map(decodeURIComponent);
  } catch {
    throw new GatewayError("not_found");
  }
}

function expectedRevision({ request }: RequestContext): number | undefined {
  const header = request.headers["if-match"];
  if (header === undefined || header === "*") return undefined;
  const [, digits] = /^"(\d{1,15})"$/.exec(header) ?? [];
  if (digits === undefined) {
    throw new GatewayError("invalid_request", { message: "If-Match: one ETag of ours." });
  }
  return Number(digits);
}
