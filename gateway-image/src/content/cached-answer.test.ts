/** A kept answer, streamed: what a client puts together again is the answer. */
import { expect, test } from "vitest";
import { chunksOf } from "./cached-answer.ts";

const ANSWER = {
  id: "x",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "hi", reasoning_content: "hm" },
      finish_reason: "stop",
    },
    {
      index: 1,
      message: {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      finish_reason: "tool_calls",
    },
  ],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
};

test("every choice is said and then ended; usage comes last where it was asked for", () => {
  const chunks = chunksOf(ANSWER, true);
  expect(chunks.map(({ object }) => object)).toEqual(Array(5).fill("chat.completion.chunk"));
  expect(chunks[0]).toMatchObject({
    usage: null,
    choices: [{ index: 0, delta: { content: "hi", reasoning_content: "hm" }, finish_reason: null }],
  });
  expect(chunks[2]).toMatchObject({
    choices: [{ index: 1, delta: { tool_calls: [{ index: 0, id: "c" }] } }],
  });
  expect(chunks[3]).toMatchObject({ choices: [{ index: 1, finish_reason: "tool_calls" }] });
  expect(chunks[4]).toMatchObject({ choices: [], usage: ANSWER.usage });
});

test("usage is not told where it was not asked for", () => {
  expect(JSON.stringify(chunksOf(ANSWER, false))).not.toContain("usage");
});

test("a completion is one chunk", () => {
  const choices = [{ index: 0, text: "hi", finish_reason: "stop" }];
  const chunks = chunksOf({ id: "x", object: "text_completion", choices }, false);
  expect(chunks).toEqual([{ id: "x", object: "text_completion", choices }]);
});
