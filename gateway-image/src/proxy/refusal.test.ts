/** What a caller is told of a model server's refusal. The texts are those of a real vLLM 0.25.1. */
import { expect, test } from "vitest";
import { isRequestAtFault, refusal } from "./refusal.ts";

const told = (error: unknown) => {
  const { code, message, param } = refusal(error);
  return { code, message, param };
};

const FINDINGS =
  "{'type': 'int_parsing', 'loc': ('body', 'seed'), 'msg': 'Input should be a valid integer, unable to parse string as an integer', 'input': 'a'}\n  {'type': 'string_type', 'loc': ('body', 'messages', 0, 'name'), 'msg': \"It's no string\", 'input': 7}";
const VALIDATION = {
  message: `2 validation errors:\n  ${FINDINGS}\n\n  File "/usr/lib/python3/dist-packages/vllm/entrypoints/serve/utils/api_utils.py", line 40, in create_chat_completion\n    POST /v1/chat/completions [${FINDINGS}]`,
  type: "Bad Request",
  param: "body.seed",
  code: 400,
};
const TOOL_CHOICE = "When using `tool_choice`, `tools` must be set. (parameter=tool_choice)";

test("a plain explanation is told as it is", () => {
  const error = {
    message: "Token id 9 is out of vocabulary",
    type: "BadRequestError",
    param: null,
  };
  const expected = { code: "rejected_by_model", message: error.message, param: null };
  expect(told({ error })).toEqual(expected);
  expect(told(error)).toEqual(expected);
});

test("of a validation: each finding, without the request or the server's own files", () => {
  expect(told({ error: VALIDATION })).toEqual({
    code: "rejected_by_model",
    message:
      "seed: Input should be a valid integer, unable to parse string as an integer; messages.0.name: It's no string",
    param: "seed",
  });
});

test("a finding about the whole body names no member", () => {
  const message = `1 validation error:\n  {'type': 'value_error', 'loc': ('body',), 'msg': 'Value error, ${TOOL_CHOICE}', 'input': {'model': 'm', 'messages': [{'role': 'user', 'content': 'it\\'s "secret"'}]}, 'ctx': {}}\n\n  File "/a/b.py", line 40, in f\n    POST /v1/chat/completions []`;
  expect(told({ error: { message, param: "tool_choice" } })).toEqual({
    code: "rejected_by_model",
    message: TOOL_CHOICE,
    param: "tool_choice",
  });
});

test("a place in the server's files is cut off whatever stands before it", () => {
  const message = 'no list of findings\n\n  File "/srv/secret.py", line 1, in f';
  expect(told({ message }).message).toBe("no list of findings");
});

test.each([[undefined], ["text"], [null], [{ error: { message: 7 } }], [{ detail: "Not Found" }]])(
  "%j explains nothing",
  (answer) => {
    expect(told(answer)).toEqual({
      code: "rejected_by_model",
      message: "The model server refused the request.",
      param: null,
    });
  },
);

test("an endless list stays short, and is read in no time that matters", () => {
  const message = `${"'loc': (".repeat(8_000)}${FINDINGS.repeat(100)}`;
  expect(told({ message }).message.length).toBeLessThanOrEqual(2_000);
});

test("the request is at fault where it is bad, too large, unreadable or asks for what is not there", () => {
  expect([400, 413, 422, 501].every(isRequestAtFault)).toBe(true);
  expect([200, 404, 429, 500, 502, 503, "400", null].some(isRequestAtFault)).toBe(false);
});
