import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { SealedBox } from "./sealed-box.ts";
import { openPrompt, sealPrompt } from "./sealed-prompt.ts";

const newBox = () => new SealedBox(`one:${randomBytes(32).toString("base64")}`);
const lineOf = (callId: string, sealed: string | null) =>
  JSON.stringify({ call_id: callId, request_id: "r", user: "alice", prompt_sealed: sealed });

test("is read with the key, of the line it was written in, and nowhere else", () => {
  const box = newBox();
  const sealed = sealPrompt(box, "a", Buffer.from("病历 A-1"));
  expect(sealed).not.toContain("病历");
  expect(openPrompt(box, lineOf("a", sealed))).toEqual({
    call_id: "a",
    request_id: "r",
    user: "alice",
    prompt: "病历 A-1",
  });
  expect(openPrompt(box, lineOf("b", sealed))?.prompt).toBeNull();
  expect(openPrompt(newBox(), lineOf("a", sealed))?.prompt).toBeNull();
});

test("of more than 64 KiB is not kept, and lines without one are passed over", () => {
  const box = newBox();
  expect(sealPrompt(box, "a", Buffer.alloc(65_537))).toBeNull();
  expect(openPrompt(box, lineOf("a", null))).toBeUndefined();
  expect(openPrompt(box, "not even JSON")).toBeUndefined();
});
