/** Against JSON.parse as the judge: whatever object, the scan and the patch must agree with it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lastMemberStart, memberText, patchMembers, scanMembers } from "./json-members.ts";

const object = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 8 });
/** The same value with and without white space. */
const printed = fc
  .tuple(object, fc.constantFrom(undefined, 1, "\t"))
  .map(([value, indent]) => ({ value, bytes: Buffer.from(JSON.stringify(value, null, indent)) }));

describe("scanMembers", () => {
  test("finds every member with its value", () => {
    fc.assert(
      fc.property(printed, ({ value, bytes }) => {
        const scan = scanMembers(bytes);
        const members = scan?.members ?? [];
        const rebuilt = members.map((m) => [m.name, JSON.parse(memberText(bytes, m))]);
        expect(rebuilt).toEqual(Object.entries(JSON.parse(bytes.toString())));
        expect(members).toHaveLength(Object.keys(value).length);
      }),
    );
  });

  test("reads an escaped name as the name it is", () => {
    const scan = scanMembers(Buffer.from('{"mod\\u0065l":"a","model":"b"}'));
    expect(scan?.members.map((member) => member.name)).toEqual(["model", "model"]);
  });

  test.each([["[]"], ['"text"'], ["{"], ['{"a"'], ['{"a":'], ['{"a":"'], [""], ['{"a":1,}']])(
    "gives up on %s",
    (text) => {
      expect(scanMembers(Buffer.from(text))).toBeNull();
    },
  );

  test("never fails on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        scanMembers(Buffer.concat([Buffer.from("{"), bytes]));
      }),
    );
  });

  test("measures depth", () => {
    expect(scanMembers(Buffer.from('{"a":[[{}]],"b":1}'))?.depth).toBe(4);
  });
});

describe("patchMembers", () => {
  test("changes what is named and no other byte's meaning", () => {
    const changes = fc.dictionary(fc.string(), fc.option(fc.jsonValue()), { maxKeys: 4 });
    fc.assert(
      fc.property(printed, changes, ({ value, bytes }, wanted) => {
        const members = scanMembers(bytes)?.members ?? [];
        const texts = Object.fromEntries(
          Object.entries(wanted).map(([name, v]) => [name, v === null ? null : JSON.stringify(v)]),
        );
        // JSON.parse has the last word on what "__proto__" means, for both sides.
        if ("__proto__" in texts || "__proto__" in value) return;
        const expected = { ...JSON.parse(bytes.toString()) };
        for (const [name, text] of Object.entries(texts)) {
          if (text === null) delete expected[name];
          else expected[name] = JSON.parse(text);
        }
        const patched = JSON.parse(patchMembers(bytes, members, texts).toString());
        expect(patched).toEqual(expected);
      }),
    );
  });

  test("leaves members alone that every object seems to have", () => {
    const bytes = Buffer.from('{"constructor":1,"toString":2,"__proto__":3,"hasOwnProperty":4}');
    const patched = patchMembers(bytes, scanMembers(bytes)?.members ?? [], { n: "5" });
    expect(patched.toString()).toBe(
      '{"n":5,"constructor":1,"toString":2,"__proto__":3,"hasOwnProperty":4}',
    );
  });

  test("keeps a number that no double can hold", () => {
    const bytes = Buffer.from('{"seed":12345678901234567890,"n":1.0}');
    const patched = patchMembers(bytes, scanMembers(bytes)?.members ?? [], { max_tokens: "512" });
    expect(patched.toString()).toBe('{"max_tokens":512,"seed":12345678901234567890,"n":1.0}');
  });
});

describe("lastMemberStart", () => {
  const USAGE = Buffer.from('"usage":');
  const cut = (text: string) => lastMemberStart(Buffer.from(text), USAGE);
  const names = fc.constantFrom("usage", "a", '"usage":', "id");
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, 1, "text", '"usage":{}}', "}", '\\"usage":null'),
      fc.array(tie("any"), { maxLength: 2 }),
      fc.dictionary(names, tie("any"), { maxKeys: 3 }),
    ),
  })).any;

  test("cuts what a parse and a deletion would, or leaves it to a scan", () => {
    const tried = fc.tuple(fc.dictionary(names, value, { maxKeys: 4 }), value);
    fc.assert(
      fc.property(tried, ([rest, usage]) => {
        const { usage: _, ...others } = rest as Record<string, unknown>;
        const text = JSON.stringify({ ...others, usage });
        const at = cut(text);
        const left =
          at === -1 ? others : JSON.parse(`${Buffer.from(text).toString("utf8", 0, at)}}`);
        expect(left).toEqual(others);
      }),
    );
  });

  test("finds it in a chunk as vLLM writes it", () => {
    expect(cut('{"choices":[{"delta":{}}],"usage":{"total_tokens":1}}')).toBe(25);
    expect(cut('{"choices":[],"usage":null}')).toBe(13);
  });

  test.each([
    ['{"usage":{}}', "it is the only one"],
    ['{"usage":{},"id":1}', "it is not the last"],
    ['{"choices":[{"id":1,"usage":{}}]}', "it is of a member"],
    ['{"choices":{"usage":1},"usage":{}}', "a member has one, too"],
    ['{"a":1,"usage":{} }', "there are spaces"],
    ['{"a":"\\",\\"usage\\":{}}"}', "it is text"],
  ])("leaves %s to a scan: %s", (text) => {
    expect(cut(text)).toBe(-1);
  });
});
