/** Sealed content opens with its key and for its owner, and in no other case. */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SealedBox } from "./sealed-box.ts";

const line = (id: string) => `${id}:${randomBytes(32).toString("base64")}`;

test("what was sealed opens to the same bytes", () => {
  const box = new SealedBox(line("a"));
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), (content, about) => {
      const sealed = box.seal(Buffer.from(content), about);
      expect(box.open(sealed, about)).toEqual(Buffer.from(content));
      expect(box.open(sealed, `${about}x`)).toBeNull();
    }),
  );
});

test("any changed byte is noticed", () => {
  const box = new SealedBox(line("a"));
  const sealed = box.seal(Buffer.from("a secret"), "owner");
  const bytes = Buffer.from(sealed.slice(2), "base64url");
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes);
    changed[index] = (changed[index] ?? 0) ^ 1;
    expect(box.open(`a.${changed.toString("base64url")}`, "owner")).toBeNull();
  }
});

test("after a rotation old content opens, new content is sealed by the new key", () => {
  const old = line("old");
  const sealed = new SealedBox(old).seal(Buffer.from("x"), "o");
  const rotated = new SealedBox(`${line("new")}\n${old}\n`);
  expect(rotated.open(sealed, "o")?.toString()).toBe("x");
  expect(rotated.seal(Buffer.from("x"), "o")).toMatch(/^new\./);
  expect(new SealedBox(line("new")).open(sealed, "o")).toBeNull();
});

test.each(["", "a", "a:YQ==", `a b:${randomBytes(32).toString("base64")}`])(
  "%j is no file of keys",
  (text) => expect(() => new SealedBox(text)).toThrow(),
);

test.each(["", "a", "a.", "a.eA", "b.eA"])("%j opens to nothing", (text) => {
  expect(new SealedBox(line("a")).open(text, "o")).toBeNull();
});

test("a digest is the same for the same content, and tells nothing without the key", () => {
  const [one, other] = [new SealedBox(line("a")), new SealedBox(line("b"))];
  const digest = one.digest(Buffer.from("patient"), "prompt");
  expect(digest).toMatch(/^[0-9a-f]{32}$/);
  expect(one.digest(Buffer.from("patient"), "prompt")).toBe(digest);
  expect(one.digest(Buffer.from("patient"), "other")).not.toBe(digest);
  expect(other.digest(Buffer.from("patient"), "prompt")).not.toBe(digest);
});
