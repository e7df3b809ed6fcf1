/** One request to a channel: verified, bounded, no redirect followed, and nothing thrown. */
import https from "node:https";
import type { Answer, Outgoing, Verdict } from "./forms/form.ts";
import { limits } from "./limits.ts";

/** `ca`: who vouches for channels, PEM; absent: the public authorities that Node.js brings. */
export function sender(ca: string | undefined) {
  // Robots are asked some times a minute: a kept connection would mostly be one that is gone.
  const agent = new https.Agent({
    ...{ keepAlive: false, minVersion: "TLSv1.2" },
    ...(ca === undefined ? {} : { ca }),
  });
  return async (
    { url, headers, body }: Outgoing,
    judge: (answer: Answer) => Verdict,
  ): Promise<Verdict> => {
    try {
      return judge(await post(agent, url, headers, body));
    } catch (error) {
      return { kind: "again", reason: reasonOf(error) };
    }
  };
}

function post(
  agent: https.Agent,
  url: string,
  headers: Outgoing["headers"],
  body: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(limits.attemptMs);
    const length = { "content-length": String(Buffer.byteLength(body)) };
    const options = { method: "POST", agent, signal, headers: { ...headers, ...length } };
    const request = https.request(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > limits.answerBytesMax)
          request.destroy(new Error("its answer is too long"));
      });
      response.on("error", reject);
      response.on("end", () => {
        const after = Number(response.headers["retry-after"]);
        resolve({
          ...{ status: response.statusCode ?? 0, body: text },
          ...(Number.isFinite(after) && after > 0 ? { afterSeconds: after } : {}),
        });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "AbortError" || error.name === "TimeoutError")
    return `no answer within ${limits.attemptMs / 1_000} s`;
  return error.message;
}
