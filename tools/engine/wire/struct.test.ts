import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type PropertyMap, SIGNATURE, secret, UNKNOWN } from "../values.ts";
import { decodeStruct, encodeStruct } from "./struct.ts";

const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";
const wire = (value: PropertyMap, references: "keep" | "ids" = "ids") =>
  decodeStruct(encodeStruct(value), references);

describe("values on the wire", () => {
  test("come back as they were", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value);
        // The protobuf library of both sides loses this one name, before the engine sees it.
        fc.pre(!text.includes("__proto__"));
        const plain = JSON.parse(text) as PropertyMap;
        expect(wire(plain)).toEqual(plain);
      }),
      { numRuns: 200 },
    );
  });

  test("secrets and unknowns keep their markers", () => {
    const value = { a: secret({ b: [UNKNOWN] }), c: UNKNOWN };
    expect(wire(value)).toEqual(value);
  });

  test("output values become their value, unknown or secret", () => {
    const output = (more: PropertyMap) => ({ [SIGNATURE]: OUTPUT, ...more });
    expect(
      wire({
        known: output({ value: 1 }),
        unknown: output({ dependencies: ["urn"] }),
        hidden: output({ value: "x", secret: true }),
        nested: [output({ value: output({ value: 2 }) })],
      }),
    ).toEqual({ known: 1, unknown: UNKNOWN, hidden: secret("x"), nested: [2] });
  });

  test("references to resources become ids where a Pulumi provider gets them", () => {
    const reference = (more: PropertyMap) => ({
      [SIGNATURE]: REFERENCE,
      urn: "the-urn",
      packageVersion: "",
      ...more,
    });
    const value = {
      custom: reference({ id: "x" }),
      planned: reference({ id: "" }),
      component: reference({}),
    };
    expect(wire(value)).toEqual({ custom: "x", planned: UNKNOWN, component: "the-urn" });
    expect(wire(value, "keep")).toEqual(value);
  });

  test("assets stay as they are", () => {
    const asset = { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", text: "hello" };
    expect(wire({ asset })).toEqual({ asset });
  });
});
