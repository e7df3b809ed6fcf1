/** What of a streamed answer the caller sees, and what is kept for the ledger. */
import { describe, expect, test } from "vitest";
import type { Call, Usage } from "../context.ts";
import { AnswerEvents } from "./answer-events.ts";

const CALL: Call = {
  model: "ours",
  stream: true,
  includeUsage: false,
  continuousUsage: false,
  streamOptions: null,
  streamForced: false,
  needsMaxTokens: false,
  maxTokens: null,
  answers: 1,
  images: null,
  members: [],
};

function create(change: Partial<Call> = {}, rename = false) {
  const usage: Usage = { promptTokens: 0, completionTokens: 0, source: "none" };
  const events = new AnswerEvents({ ...CALL, ...change }, rename, usage);
  const send = (json: string) =>
    events.process(Buffer.from(`data: ${json}\n\n`))?.toString() ?? null;
  return { usage, events, send };
}

const USAGE = '{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}';
const CHUNK = `{"model":"theirs","choices":[{"delta":{"content":"a"}}],"usage":${USAGE}}`;
const LAST = `{"choices":[],"usage":${USAGE}}`;

describe("usage", () => {
  test("is kept and taken out where the caller did not ask", () => {
    const { usage, send } = create();
    expect(send(CHUNK)).toBe('data: {"model":"theirs","choices":[{"delta":{"content":"a"}}]}\n\n');
    expect(send(LAST)).toBeNull();
    expect(usage).toEqual({ promptTokens: 8, completionTokens: 2, source: "reported" });
  });

  test("is null in all events but the last where the caller asked for the last", () => {
    const { send } = create({ includeUsage: true });
    expect(send(CHUNK)).toContain('"usage":null');
    expect(send(LAST)).toBe(`data: ${LAST}\n\n`);
  });

  test("passes as it is where the caller asked for all", () => {
    const { send } = create({ includeUsage: true, continuousUsage: true });
    expect(send(CHUNK)).toBe(`data: ${CHUNK}\n\n`);
  });

  test("is taken out beside thoughts, which are told by our name", () => {
    const { send } = create();
    const [told, shown] = ["reasoning", "reasoning_content"].map(
      (name) => `{"choices":[{"delta":{"${name}":"hm"}}]`,
    );
    expect(send(`${told},"usage":${USAGE}}`)).toBe(`data: ${shown}}\n\n`);
    expect(send(`${told}}`)).toBe(`data: ${shown}}\n\n`);
  });

  test("is counted by events until a server reports it", () => {
    const { usage, send } = create();
    send('{"choices":[{"delta":{"content":"a"}}]}');
    send('{"choices":[{"delta":{"content":"b"}}],"usage":null}');
    expect(usage).toEqual({ promptTokens: 0, completionTokens: 2, source: "counted" });
    send(LAST);
    expect(usage).toEqual({ promptTokens: 8, completionTokens: 2, source: "reported" });
  });

  test("of nonsense is not believed", () => {
    const { usage, send } = create();
    send('{"choices":[],"usage":{"prompt_tokens":-5,"completion_tokens":1e300}}');
    expect(usage).toMatchObject({ promptTokens: 0, completionTokens: 0 });
  });
});

describe("events", () => {
  test("[DONE] is noticed, not passed: only the relay knows whether it is true", () => {
    const { events, send } = create();
    expect(send("[DONE]")).toBeNull();
    expect(events).toMatchObject({ done: true, fault: null });
  });

  test("an error is noticed, and its text stays inside", () => {
    const { events, send } = create();
    expect(send('{"error":{"message":"CUDA out of memory at 10.0.0.7"}}')).toBeNull();
    expect(events.fault).toMatchObject({ code: "stream_broken" });
    expect(events.fault?.message).not.toContain("10.0.0.7");
  });

  test("an error that calls the request wrong is the caller's, with its explanation", () => {
    const { events, send } = create();
    const error = { message: "Grammar error: Invalid type: bad", param: null, code: 400 };
    expect(send(JSON.stringify({ error }))).toBeNull();
    expect(events.fault).toMatchObject({ code: "rejected_by_model", message: error.message });
  });

  test("the model has the name the caller used", () => {
    expect(create({}, true).send('{"model":"theirs","choices":[1]}')).toBe(
      'data: {"model":"ours","choices":[1]}\n\n',
    );
  });

  test.each([[": comment\n\n"], ["event: ping\ndata: 1\n\n"]])("%j passes untouched", (text) => {
    const { events } = create();
    expect(events.process(Buffer.from(text))?.toString()).toBe(text);
  });

  test.each([["no json"], ['{"choices":[}'], ['{"a":1'], ['{"a":"\\x"}'], ["[1,]"]])(
    "%j, which no caller could read, is a failure",
    (data) => {
      const { events } = create();
      expect(events.process(Buffer.from(`data: ${data}\n\n`))).toBeNull();
      expect(events.fault).toMatchObject({ code: "stream_broken" });
    },
  );
});
