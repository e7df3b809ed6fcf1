/** Chunks and whole answers of OpenAI's form past the word lists. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type WordList, wordListSchema } from "../directory/entities.ts";
import { AnswerFilter } from "./answer-filter.ts";
import { Automaton } from "./automaton.ts";
import type { Json } from "./json.ts";
import type { Mode } from "./text-filter.ts";
import { Inspection } from "./word-filter.ts";

function create(mode: Mode, ...words: string[]) {
  const lists: WordList[] = [wordListSchema.parse({ id: "list", words, mode })];
  const automaton = new Automaton(words.map((text) => ({ text, list: 0 })));
  const inspection = new Inspection(automaton, lists, [mode], "output");
  return {
    filter: new AnswerFilter(inspection),
    verdicts: () => [...inspection.verdicts.values()],
  };
}

const HEAD = { id: "x", object: "chat.completion.chunk", created: 1, model: "m" };
const said = (delta: Json, more: Json = {}) => ({
  ...HEAD,
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
});
const end = (reason = "stop", index = 0) => ({
  ...HEAD,
  choices: [{ index, delta: {}, finish_reason: reason }],
});

/** All chunks as they are shown, then what is left. */
function play(filter: AnswerFilter, chunks: readonly Json[]): Json[] {
  const shown: Json[] = [];
  for (const chunk of chunks) {
    const one = filter.chunk(chunk);
    if (one !== null) shown.push(one);
    if (filter.blocked) break;
  }
  const rest = filter.rest();
  return rest === null ? shown : [...shown, rest];
}

const choicesOf = (shown: readonly Json[]) =>
  shown.flatMap(
    ({ choices }) => choices as { index: number; delta: Json; finish_reason?: string }[],
  );
const textOf = (shown: readonly Json[], name = "content", index = 0) =>
  choicesOf(shown)
    .filter((choice) => choice.index === index)
    .map(({ delta }) => delta[name] ?? "")
    .join("");

describe("a stream", () => {
  test("masks a word that comes in pieces, and drops chunks of which nothing may be shown yet", () => {
    const { filter, verdicts } = create("mask", "secret");
    const pieces = ["a se", "cr", "et", " b"];
    const shown = play(filter, [
      said({ role: "assistant", content: "" }),
      ...pieces.map((content) => said({ content })),
      end(),
    ]);
    expect(textOf(shown)).toBe("a ****** b");
    expect(shown).toHaveLength(4);
    expect(verdicts()).toEqual([{ list: "list", mode: "mask", direction: "output", count: 1 }]);
  });

  test("whatever the pieces, shows what it would of the whole", () => {
    const text = "the secret is no secretary's sec ret";
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const { filter } = create("mask", "secret", "ary");
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        const chunks = places
          .slice(1)
          .map((to, index) => said({ content: text.slice(places[index], to) }));
        expect(textOf(play(filter, [...chunks, end()]))).toBe(
          "the ****** is no *********'s sec ret",
        );
      }),
    );
  });

  test("shows what was held when the answer ends without a word more", () => {
    const { filter } = create("mask", "secret");
    expect(textOf(play(filter, [said({ content: "my sec" }), end()]))).toBe("my sec");
    const broken = create("mask", "secret");
    expect(textOf(play(broken.filter, [said({ content: "my sec" })]))).toBe("my sec");
  });

  test("ends at a blocked word, also the other choices, and says so as OpenAI does", () => {
    const { filter } = create("block", "bad");
    const two = (content: string, index: number) => ({
      ...HEAD,
      choices: [{ index, delta: { content }, finish_reason: null }],
    });
    const shown = play(filter, [two("ok b", 0), two("fine", 1), two("ad x", 0), two("more", 1)]);
    expect(textOf(shown)).toBe("ok ");
    expect(textOf(shown, "content", 1)).toBe("fine");
    const reasons = choicesOf(shown).filter((choice) => typeof choice.finish_reason === "string");
    expect(reasons.map(({ index, finish_reason }) => [index, finish_reason])).toEqual([
      [0, "content_filter"],
      [1, "content_filter"],
    ]);
  });

  test("looks into reasoning and into the arguments of calls, each by itself", () => {
    const { filter } = create("mask", "secret");
    const call = (text: string, index = 0) => ({
      tool_calls: [{ index, function: { arguments: text } }],
    });
    const shown = play(filter, [
      said({ reasoning_content: "a sec" }),
      said({ reasoning_content: "ret; sec" }),
      said({ content: "ret" }),
      said({ tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: "" } }] }),
      said(call('{"q":"sec')),
      said(call('ret"}')),
      said(call("sec", 1)),
      end("tool_calls"),
    ]);
    expect(textOf(shown, "reasoning_content")).toBe("a ******; sec");
    expect(textOf(shown)).toBe("ret");
    const calls = choicesOf(shown).flatMap(
      ({ delta }) =>
        (delta.tool_calls ?? []) as { index: number; function: { arguments: string } }[],
    );
    const argumentsOf = (index: number) =>
      calls
        .filter((one) => one.index === index)
        .map((one) => one.function.arguments)
        .join("");
    expect(argumentsOf(0)).toBe('{"q":"******"}');
    expect(argumentsOf(1)).toBe("sec");
    // What the first kind of text held comes no later than the first of the next one.
    const orders = choicesOf(shown).flatMap(({ delta }) => Object.keys(delta));
    expect(orders.lastIndexOf("reasoning_content")).toBeLessThanOrEqual(
      orders.indexOf("content") + 1,
    );
  });

  test("hides the tokens of log probabilities, which would tell the text", () => {
    const { filter } = create("mask", "secret");
    const [shown] = play(filter, [
      said({ content: "hi" }, { logprobs: { content: [{ token: "hi" }] } }),
    ]);
    expect(JSON.stringify(shown)).toContain('"logprobs":null');
  });

  test("leaves usage, comments of others and unknown members alone", () => {
    const { filter } = create("mask", "secret");
    const usage = { ...HEAD, choices: [], usage: { prompt_tokens: 1 } };
    expect(filter.chunk(usage)).toBe(usage);
    const counted = { ...said({ content: "sec" }), usage: { completion_tokens: 1 }, extra: 1 };
    expect(filter.chunk(counted)).toMatchObject({ usage: { completion_tokens: 1 }, extra: 1 });
  });

  test("takes completions too", () => {
    const { filter } = create("mask", "secret");
    const text = (piece: string) => ({
      ...HEAD,
      choices: [{ index: 0, text: piece, finish_reason: null }],
    });
    const shown = [text("a se"), text("cret"), text(" sec")].map((one) => filter.chunk(one));
    const all = [...shown, filter.rest()].filter((one) => one !== null);
    const pieces = all.flatMap(({ choices }) =>
      (choices as { text: string }[]).map((one) => one.text),
    );
    expect(pieces.join("")).toBe("a ****** sec");
  });
});

describe("a whole answer", () => {
  const whole = (message: Json, reason = "stop") => ({
    ...HEAD,
    choices: [
      { index: 0, message: { role: "assistant", ...message }, finish_reason: reason, logprobs: {} },
    ],
  });

  test("is masked in all that it says", () => {
    const { filter } = create("mask", "secret");
    const tool_calls = [
      { id: "c", type: "function", function: { name: "f", arguments: "secret" } },
    ];
    const shown = filter.whole(
      whole({ content: "ｓecret!", reasoning_content: "a secret", tool_calls }),
    );
    expect(shown).toMatchObject({
      choices: [
        {
          message: {
            content: "******!",
            reasoning_content: "a ******",
            tool_calls: [{ function: { arguments: "******" } }],
          },
          finish_reason: "stop",
          logprobs: null,
        },
      ],
    });
  });

  test("keeps nothing of a choice with a blocked word", () => {
    const { filter } = create("block", "bad");
    const shown = filter.whole(whole({ content: "so bad", reasoning_content: "hm" }));
    expect(shown.choices).toEqual([
      {
        index: 0,
        message: { role: "assistant", content: "" },
        finish_reason: "content_filter",
        logprobs: null,
      },
    ]);
  });

  test("of embeddings or of no known form is as it was", () => {
    const { filter } = create("block", "bad");
    const answer = { object: "list", data: [{ embedding: [1] }] };
    expect(filter.whole(answer)).toBe(answer);
  });
});
