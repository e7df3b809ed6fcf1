/** What Prometheus answers, asked over its HTTP API. */
import { type Agent, request } from "undici";
import { z } from "zod";

export interface Prometheus {
  readonly url: string;
  readonly dispatcher: Agent;
}

const ANSWER_MS = 15_000;

const vectorSchema = z.object({
  result: z.array(
    z.object({
      metric: z.record(z.string(), z.string()),
      value: z.tuple([z.number(), z.string()]),
    }),
  ),
});
export type Vector = z.infer<typeof vectorSchema>["result"];

/** The value of a query now. */
export async function instant(prometheus: Prometheus, query: string): Promise<Vector> {
  const path = `/api/v1/query?query=${encodeURIComponent(query)}`;
  return vectorSchema.parse(await ask(prometheus, path)).result;
}

export async function ask({ url, dispatcher }: Prometheus, path: string): Promise<unknown> {
  const answer = await request(new URL(path, url), {
    dispatcher,
    headersTimeout: ANSWER_MS,
    bodyTimeout: ANSWER_MS,
  });
  if (answer.statusCode !== 200) {
    await answer.body.dump();
    throw new Error(`${path.split("?")[0]} answers ${answer.statusCode}`);
  }
  return ((await answer.body.json()) as { data: unknown }).data;
}
