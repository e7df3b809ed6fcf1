/** Events must not depend on where the network cuts the bytes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "../limits.ts";
import { EventSplitter, EventTooLarge, eventData } from "./sse-events.ts";

const line = fc.stringMatching(/^[^\r\n]{0,20}$/);
const ending = fc.constantFrom("\n", "\r\n");
const event = fc
  .tuple(
    fc.array(
      line.filter((text) => text !== ""),
      { minLength: 1, maxLength: 3 },
    ),
    ending,
  )
  .map(([lines, end]) => lines.map((text) => `data: ${text}${end}`).join("") + end);

describe("EventSplitter", () => {
  test("gives the same events however the bytes are cut", () => {
    const cuts = fc.array(fc.nat(200), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 6 }), cuts, (events, positions) => {
        const bytes = Buffer.from(events.join(""));
        const splitter = new EventSplitter();
        const borders = [...new Set(positions.map((at) => Math.min(at, bytes.length)))];
        borders.sort((a, b) => a - b);
        const found: string[] = [];
        let start = 0;
        for (const border of [...borders, bytes.length]) {
          const part = Buffer.from(bytes.subarray(start, border));
          found.push(...splitter.push(part).map(String));
          start = border;
        }
        expect(found).toEqual(events);
      }),
    );
  });

  test("keeps what has no end yet", () => {
    const splitter = new EventSplitter();
    expect(splitter.push(Buffer.from("data: a"))).toEqual([]);
    expect(splitter.push(Buffer.from("b\n"))).toEqual([]);
    expect(splitter.push(Buffer.from("\ndata")).map(String)).toEqual(["data: ab\n\n"]);
  });

  test("an event without end is refused at the limit", () => {
    const splitter = new EventSplitter();
    const part = Buffer.alloc(limits.eventBytesMax / 2, "x");
    splitter.push(part);
    splitter.push(part);
    expect(() => splitter.push(Buffer.from("x"))).toThrow(EventTooLarge);
  });
});

describe("eventData", () => {
  test.each([
    ["data: a\n\n", "a"],
    ["data:a\r\n\r\n", "a"],
    ["event: x\ndata: a\ndata: b\n\n", "a\nb"],
    [": comment\n\n", undefined],
  ])("of %j is %j", (text, data) => {
    expect(eventData(Buffer.from(text))?.toString()).toBe(data);
  });
});
