/** What one row of the API's documentation says: the shapes of a call and of its answer. */
import type { z } from "zod";

export interface EndpointDoc {
  readonly tag:
    | "inference"
    | "native"
    | "fine-tuning"
    | "models"
    | "usage"
    | "identity"
    | "administration";
  readonly summary: string;
  readonly body?: z.ZodType;
  readonly form?: z.ZodType;
  readonly query?: Readonly<Record<string, z.ZodType>>;
  readonly answer: z.ZodType;
  /** The answer may be a stream of events. */
  readonly streams?: true;
  readonly csv?: true;
  /** One JSON object a line. */
  readonly lines?: true;
  /** To a WebSocket: the only good answer is 101. */
  readonly upgrades?: true;
  /** What must hold between members of the body, as JSON Schema. */
  readonly relations?: readonly object[];
  /** No credential is needed. */
  readonly open?: true;
  readonly created?: true;
  /** It is done later: the only good answer is 202. */
  readonly accepted?: true;
}
