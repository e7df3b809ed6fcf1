/** The document is complete, is the one that is committed, and is OpenAPI. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { ENDPOINTS, type EndpointRow } from "../endpoints.ts";
import { ENDPOINT_DOCS } from "./endpoint-docs.ts";
import { openApiDocument } from "./openapi.ts";

const rows: readonly EndpointRow[] = ENDPOINTS;
const own = rows.filter((row) => !row.path.startsWith("/admin/"));

test("every endpoint has words, and no words are without an endpoint", () => {
  const names = own.map((row) => `${row.method} ${row.path}`).sort();
  expect(Object.keys(ENDPOINT_DOCS).sort()).toEqual(names);
});

test("docs/openapi.json is the document (the README says how it is written)", () => {
  const file = path.join(import.meta.dirname, "../../../docs/openapi.json");
  const document = JSON.parse(JSON.stringify(openApiDocument(packageJson.version)));
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(document);
});

test("operations have unique ids, and every reference leads somewhere", () => {
  const text = JSON.stringify(openApiDocument("1"));
  const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, name = ""] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)) {
    expect(text).toContain(`"${name}":{"type"`);
  }
});
