/** A call on its way to the servers of one model. */
import type { Call, RequestContext } from "../context.ts";

export interface Flight {
  readonly context: RequestContext;
  /** For the model that serves, which may be a fallback of the asked one. */
  readonly call: Call;
  readonly asked: string;
  /** The caller has left, or the time is up. */
  readonly signal: AbortSignal;
  /** Before the first byte is written to the caller. */
  readonly onFirst: () => void;
  /** A stream that had begun has been silent for some while. */
  readonly onSilence: () => void;
}
