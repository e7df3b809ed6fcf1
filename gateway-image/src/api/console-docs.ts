/** What the documentation says of the console's data. */
import { z } from "zod";
import { CONSOLE_DAYS_MAX, CONSOLE_SCOPES } from "../steps/show-console.ts";
import type { EndpointDoc } from "./endpoint-doc.ts";

const count = z.number().int().min(0);
/** null: nothing was measured. */
const milliseconds = count.nullable();
const counts = z.looseObject({
  requests: count,
  failed: count,
  refused: count,
  prompt_tokens: count,
  completion_tokens: count,
  p50_ms: milliseconds,
  p95_ms: milliseconds,
  first_byte_p50_ms: milliseconds,
  first_byte_p95_ms: milliseconds,
});

export const CONSOLE_DOCS: Readonly<Record<string, EndpointDoc>> = {
  "GET /console/data": {
    tag: "usage",
    summary: "What the page /console draws: the last quarter of an hour, errors, models, days",
    query: {
      scope: z
        .enum(CONSOLE_SCOPES)
        .describe("Whose calls; tenant and all ask for a permission. own where it is absent."),
      days: z
        .number()
        .int()
        .min(0)
        .max(CONSOLE_DAYS_MAX)
        .describe("Also the usage of so many days; 0 where it is absent."),
    },
    answer: z.looseObject({
      object: z.literal("console"),
      scope: z.enum(CONSOLE_SCOPES),
      scopes: z.array(z.enum(CONSOLE_SCOPES)),
      now: z.iso.datetime(),
      span_seconds: count,
      models: z.array(
        z.looseObject({ id: z.string(), state: z.enum(["serving", "degraded", "down"]) }),
      ),
      series: z.array(counts.extend({ at: z.iso.datetime() })),
      by_model: z.array(counts.extend({ model: z.string(), tokens_per_second: z.number() })),
      errors: z.array(
        z.looseObject({
          at: z.iso.datetime(),
          id: z.string(),
          request_id: z.string(),
          user: z.string(),
          endpoint: z.string(),
          model: z.string().nullable(),
          status: z.enum(["client_error", "error"]),
          code: count.nullable(),
          error: z.string().nullable(),
        }),
      ),
      days: z
        .array(z.looseObject({ day: z.iso.date(), model: z.string(), requests: count }))
        .nullable(),
    }),
  },
};
