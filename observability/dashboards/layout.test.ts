/** Whatever panels are left of a row, they fill it. */
import { expect, test } from "vitest";
import { placesOf } from "./layout.ts";
import { lines, number, type Panel } from "./panel.ts";

const one = number("A", "甲", "none", "up");
const curve = lines("A", "甲", "none", [["up", "a"]]);
const words: Panel = { kind: "words", title: one.title, text: one.title };
const spans = (...panels: Panel[]) => placesOf(panels).map(({ span }) => span);

test("numbers share one line of up to six, and stand in two lines where they are more", () => {
  expect(spans(one)).toEqual([24]);
  expect(spans(one, one, one, one)).toEqual([6, 6, 6, 6]);
  expect(spans(one, one, one, one, one)).toEqual([4, 4, 4, 4, 8]);
  expect(spans(...Array<Panel>(6).fill(one))).toEqual([4, 4, 4, 4, 4, 4]);
  expect(spans(...Array<Panel>(7).fill(one))).toEqual([6, 6, 6, 6, 8, 8, 8]);
});

test("curves stand in pairs; the last of an odd number has the whole breadth", () => {
  expect(spans(curve, curve)).toEqual([12, 12]);
  expect(spans(curve, curve, curve)).toEqual([12, 12, 24]);
});

test("each kind begins a line of its own, as high as its kind needs", () => {
  expect(placesOf([one, words, curve, one])).toEqual([
    { span: 24, height: 4 },
    { span: 24, height: 3 },
    { span: 24, height: 8 },
    { span: 24, height: 4 },
  ]);
});
