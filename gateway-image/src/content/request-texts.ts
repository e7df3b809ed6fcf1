/** The texts of a call's body that a person wrote, each replaced by what a function makes of it. */
import { isObject, type Json } from "./json.ts";

/** Throws to refuse. */
type Replace = (text: string) => string;

const MEMBERS = ["messages", "prompt", "input"] as const;

/** The members that changed, as they are to be sent; nothing where none did. */
export function replaceTexts(body: Json, replace: Replace): Record<string, string> {
  const changes: Record<string, string> = {};
  for (const name of MEMBERS) {
    const value = body[name];
    if (value === undefined) continue;
    const replaced = name === "messages" ? inMessages(value, replace) : inTexts(value, replace);
    if (replaced !== value) changes[name] = JSON.stringify(replaced);
  }
  return changes;
}

/** A text, or a list of texts; lists of tokens are no text. */
function inTexts(value: unknown, replace: Replace): unknown {
  if (typeof value === "string") return replace(value);
  if (!Array.isArray(value)) return value;
  return kept(
    value,
    value.map((one) => (typeof one === "string" ? replace(one) : one)),
  );
}

function inMessages(value: unknown, replace: Replace): unknown {
  if (!Array.isArray(value)) return value;
  return kept(
    value,
    value.map((message) => inMessage(message, replace)),
  );
}

function inMessage(message: unknown, replace: Replace): unknown {
  if (!isObject(message)) return message;
  return withMembers(message, {
    content: (value) => (Array.isArray(value) ? inParts(value, replace) : inTexts(value, replace)),
    // Thoughts of an earlier answer, by our name (proxy/thoughts.ts) and by vLLM's.
    reasoning_content: (value) => inTexts(value, replace),
    reasoning: (value) => inTexts(value, replace),
    tool_calls: (value) => inCalls(value, replace),
    function_call: (value) => inFunction(value, replace),
  });
}

function inParts(parts: readonly unknown[], replace: Replace): unknown {
  const one = (part: unknown) =>
    isObject(part) ? withMembers(part, { text: (value) => inTexts(value, replace) }) : part;
  return kept(parts, parts.map(one));
}

function inCalls(calls: unknown, replace: Replace): unknown {
  if (!Array.isArray(calls)) return calls;
  const one = (call: unknown) =>
    isObject(call) ? withMembers(call, { function: (value) => inFunction(value, replace) }) : call;
  return kept(calls, calls.map(one));
}

function inFunction(value: unknown, replace: Replace): unknown {
  if (!isObject(value)) return value;
  return withMembers(value, { arguments: (text) => inTexts(text, replace) });
}

/** The same object where no member changed. */
function withMembers(object: Json, makers: Readonly<Record<string, (value: unknown) => unknown>>) {
  let result: Record<string, unknown> | null = null;
  for (const [name, make] of Object.entries(makers)) {
    if (!Object.hasOwn(object, name)) continue;
    const made = make(object[name]);
    if (made === object[name]) continue;
    result ??= { ...object };
    result[name] = made;
  }
  return result ?? object;
}

function kept(former: readonly unknown[], now: readonly unknown[]): readonly unknown[] {
  return now.every((one, index) => one === former[index]) ? former : now;
}
