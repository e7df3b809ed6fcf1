/**
 * schema.json says what the installed @pulumi/aws declares. After an upgrade of the package:
 * UPDATE_AWS_SCHEMA=1 npx vitest run --project unit tools/engine/providers/aws/schema.test.ts
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { FUNCTIONS } from "./invokes.ts";
import { AWS_SCHEMA } from "./schema.ts";
import { TABLES } from "./tables.ts";
import { extractSchema } from "./test-extract-schema.ts";

const withoutPackage = (token: string) => token.slice("aws:".length);

test("schema.json is what the package declares for the types of the tables", () => {
  const extracted = extractSchema({
    resources: Object.keys(TABLES).map(withoutPackage),
    functions: Object.keys(FUNCTIONS).map(withoutPackage),
  });
  if (process.env.UPDATE_AWS_SCHEMA === "1") {
    const file = path.join(import.meta.dirname, "schema.json");
    writeFileSync(file, `${JSON.stringify(extracted, null, 2)}\n`);
    return;
  }
  expect(AWS_SCHEMA).toEqual(extracted);
});
