/** A whole answer of OpenAI's form, told again as a stream of it would be. Pure. */
import { isObject, type Json } from "./json.ts";

/** The chunks of the stream; `usage`: with the last one, as OpenAI sends it where it was asked for. */
export function chunksOf(answer: Json, usage: boolean): Json[] {
  const { choices, object, usage: counts, ...rest } = answer;
  const head: Json = { ...rest, object: object === "text_completion" ? object : CHUNK };
  const list = Array.isArray(choices) ? choices.filter(isObject) : [];
  const withUsage = (chunk: Json): Json => (usage ? { ...chunk, usage: null } : chunk);
  const chunks = list.flatMap((choice) =>
    partsOf(choice).map((part) => ({ ...head, choices: [part] })),
  );
  const last = usage && isObject(counts) ? [{ ...head, choices: [], usage: counts }] : [];
  return [...chunks.map(withUsage), ...last];
}

const CHUNK = "chat.completion.chunk";

/** What is said, and then why it ended. */
function partsOf(choice: Json): Json[] {
  if (!isObject(choice.message)) return [choice];
  const { message, finish_reason: reason, ...rest } = choice;
  const calls = message.tool_calls;
  const delta = {
    ...message,
    ...(Array.isArray(calls)
      ? { tool_calls: calls.map((call: Json, index) => ({ index, ...call })) }
      : {}),
  };
  return [
    { ...rest, delta, finish_reason: null },
    { index: choice.index, delta: {}, finish_reason: reason },
  ];
}
