/** One signal for all ends of a call: its caller leaves, its time is up, its quota is refused late. */
import type { RequestContext } from "../context.ts";
import { GatewayError } from "../errors.ts";

export function watchEnd(context: RequestContext, timeoutMs: number, elapsedMs: number) {
  const stop = new AbortController();
  const code = context.call?.stream === true ? "stream_timeout" : "model_timeout";
  const onGone = () => stop.abort(new GatewayError("client_closed"));
  // From the first header on: what admission took is part of it.
  const leftMs =
    context.deadlineMs === null ? timeoutMs : Math.max(0, context.deadlineMs - elapsedMs);
  const timer = setTimeout(() => stop.abort(new GatewayError(code)), leftMs);
  const gone = context.gone.signal;
  if (gone.aborted) onGone();
  else gone.addEventListener("abort", onGone, { once: true });
  // Refused while a model server was at work: it is stopped.
  context.admission?.catch((refusal: unknown) => stop.abort(refusal));
  const clear = () => {
    clearTimeout(timer);
    gone.removeEventListener("abort", onGone);
  };
  return { signal: stop.signal, clear };
}
