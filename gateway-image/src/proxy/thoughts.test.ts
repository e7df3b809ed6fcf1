/** Thoughts by one name, and nothing else touched. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { withThoughtsNamed } from "./thoughts.ts";

const named = (json: string) => withThoughtsNamed(Buffer.from(json)).toString("utf8");

test.each([
  [
    "in an answer",
    { choices: [{ message: { content: "4", reasoning: "2 + 2" } }] },
    { choices: [{ message: { content: "4", reasoning_content: "2 + 2" } }] },
  ],
  [
    "in each choice",
    { choices: [{ delta: { reasoning: "a" } }, { delta: { reasoning: null } }] },
    { choices: [{ delta: { reasoning_content: "a" } }, { delta: { reasoning_content: null } }] },
  ],
])("%s", (_place, told, shown) => {
  expect(named(JSON.stringify(told))).toBe(JSON.stringify(shown));
});

test("an engine that says both names is left as it is", () => {
  const both = JSON.stringify({ delta: { reasoning: "a", reasoning_content: "a" } });
  expect(named(both)).toBe(both);
});

test("what has no thoughts is the same buffer", () => {
  const plain = Buffer.from('{"choices":[{"delta":{"content":"reasoning"}}]}');
  expect(withThoughtsNamed(plain)).toBe(plain);
});

test("no text that a model may say is changed, whatever stands in it", () => {
  const piece = fc.constantFrom(
    '"reasoning":',
    "\\",
    '"',
    "reasoning",
    ":",
    "{",
    ",",
    "因为",
    "\n",
  );
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(text, text, (content, reasoning) => {
      const shown = JSON.parse(named(JSON.stringify({ delta: { content, reasoning } })));
      expect(shown).toEqual({ delta: { content, reasoning_content: reasoning } });
    }),
  );
});
