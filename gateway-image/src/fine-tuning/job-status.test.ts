/** A Job's status in our words, and that only what is of the agreed form is ever shown. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endOf, jobSchema, podsSchema, stateOf } from "./job-status.ts";

const job = (status: object, metadata: object = {}) => jobSchema.parse({ metadata, status });
const ended = (type: string, reason?: string) =>
  job({ conditions: [{ type, status: "True", ...(reason === undefined ? {} : { reason }) }] });
const pods = (...messages: (string | undefined)[]) =>
  podsSchema.parse({
    items: messages.map((message, index) => ({
      metadata: { creationTimestamp: `2026-01-0${index + 1}T00:00:00Z` },
      status: { containerStatuses: [{ state: { terminated: { message } } }] },
    })),
  });
const GOOD = '{"fine_tuned_model":"ft:a","trained_tokens":12}';

test.each([
  ["waiting", job({})],
  ["waiting", jobSchema.parse({ metadata: {} })],
  ["waiting", job({ active: 1, ready: 0 })],
  ["running", job({ active: 1, ready: 1 })],
  ["over", ended("Complete")],
  ["over", ended("Failed")],
  ["waiting", job({ conditions: [{ type: "Failed", status: "False" }] })],
  ["waiting", job({ conditions: [{ type: "Suspended", status: "True" }] })],
  ["removed", job({ ready: 1 }, { deletionTimestamp: "2026-01-01T00:00:00Z" })],
])("%s", (state, of) => expect(stateOf(of)).toBe(state));

describe("an end", () => {
  test("with the model's name in the pod's message, or in an annotation", () => {
    const told = { kind: "succeeded", model: "ft:a", trainedTokens: 12 };
    expect(endOf(ended("Complete"), pods(GOOD))).toEqual(told);
    const noted = { "fine-tuning.deepseek/result": GOOD };
    const annotated = job(
      { conditions: [{ type: "Complete", status: "True" }] },
      { annotations: noted },
    );
    expect(endOf(annotated, pods())).toEqual(told);
  });

  test("of the newest pod that told something; a failed one tells why", () => {
    const fault = '{"error":{"code":"bad_line","message":"Line 3.","param":"training_file"}}';
    expect(endOf(ended("Complete"), pods(fault, GOOD)).kind).toBe("succeeded");
    expect(endOf(ended("Failed"), pods(fault, undefined))).toEqual({
      kind: "failed",
      code: "bad_line",
      message: "Line 3.",
      param: "training_file",
    });
  });

  test("a Job that has failed has made no model, whatever it told", () => {
    expect(endOf(ended("Failed"), pods(GOOD))).toMatchObject({ code: "training_failed" });
    expect(endOf(ended("Failed", "DeadlineExceeded"), pods())).toMatchObject({
      code: "time_exceeded",
    });
    expect(endOf(ended("Complete"), pods(undefined))).toMatchObject({ code: "no_result" });
  });

  test("logs and other texts are never shown", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (message) => {
        const end = endOf(ended("Failed"), pods(`patient 7 ${message}`));
        expect(end).toMatchObject({ kind: "failed", message: "The training program failed." });
      }),
    );
    for (const text of [
      '{"fine_tuned_model":"../x"}',
      '{"fine_tuned_model":"a","trained_tokens":-1}',
      `{"error":{"code":"X Y","message":"patient"}}`,
      `{"error":{"code":"x","message":"${"patient".repeat(50)}"}}`,
    ]) {
      expect(JSON.stringify(endOf(ended("Complete"), pods(text)))).toContain("no_result");
    }
  });
});
