/** Which reference a pod names. */
import { expect, test } from "vitest";
import { imageReference } from "./images.ts";

const digest = `sha256:${"a".repeat(64)}`;
const image = (tag: string, locked: string | null = digest) => ({ tag, digest: locked });

test("an image that is loaded into the node goes by its tag", () => {
  const images = { gateway: image("deepseek.local/gateway:1"), postgres: image("x/postgres:1") };
  expect(imageReference({ images, registry: undefined }, "gateway")).toBe(
    "deepseek.local/gateway:1",
  );
});

test("a locked one goes by tag and digest, one left out by versions.json", () => {
  const images = {
    gateway: image("r.example.org/gateway:1"),
    postgres: image("x/postgres:1", null),
  };
  expect(imageReference({ images, registry: undefined }, "gateway")).toBe(
    `r.example.org/gateway:1@${digest}`,
  );
  expect(imageReference({ images, registry: undefined }, "postgres")).toBe("x/postgres:1");
  expect(imageReference({ images, registry: undefined }, "redis")).toMatch(
    /^docker\.io\/library\/redis:[\d.]+/,
  );
});

test("one that is nowhere is a mistake of the schema", () => {
  const images = { gateway: image("g:1"), postgres: image("p:1") };
  expect(() => imageReference({ images, registry: undefined }, "simulator")).toThrow("simulator");
});
