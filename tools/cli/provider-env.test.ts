import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UserError } from "../base/user-error.ts";
import { parseEnv, readProviderEnv, writeProviderKeys } from "./provider-env.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "provider-env-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(text: string, mode = 0o600) {
  const file = path.join(folder, ".env");
  writeFileSync(file, text);
  chmodSync(file, mode);
  return readProviderEnv(null, folder);
}

describe("a .env file", () => {
  test("gives each provider its key, whatever else it holds", () => {
    const { keys, port, exposed } = read(`# ours
CEREBRAS_API_KEY=csk-1
export OPENAI_API_KEY="sk-2" # the new one
KIMI_API_KEY = 'sk-3'
DEEPSEEK_API_KEY=
DASHSCOPE_API_KEY=sk#4 # not a comment before the space
FASTAPI_HOST=127.0.0.1
FASTAPI_PORT=8123
FASTAPI_RELOAD=True
SOMETHING_ELSE=your_key
`);
    expect(Object.fromEntries(keys)).toEqual({
      cerebras: "csk-1",
      openai: "sk-2",
      kimi: "sk-3",
      dashscope: "sk#4",
    });
    expect([port, exposed]).toEqual([8123, false]);
    expect(read("", 0o644).exposed).toBe(true);
  });

  test("may be absent, but not where it is named", () => {
    expect(readProviderEnv(null, folder).keys.size).toBe(0);
    expect(() => readProviderEnv(path.join(folder, "none"), folder)).toThrow(UserError);
  });

  test.each([
    "your_key",
    "your_cerebras_api_key",
    "<key>",
    "sk-xxxx",
    "sk-...",
    "changeme".slice(0, 6),
    "sk-your-key-here",
    "REPLACE_ME",
  ])("with the placeholder %s is refused by name, and the value is not repeated", (value) => {
    expect(() => read(`KIMI_API_KEY=${value}`)).toThrow(/KIMI_API_KEY holds a placeholder/);
  });

  test("names all of its faults at once, and no key", () => {
    const text =
      "OPENAI_API_KEY=your_key\nKIMI_API_KEY=sk secret\nFASTAPI_HOST=0.0.0.0\nFASTAPI_PORT=x";
    expect(() => read(text)).toThrow(/OPENAI.*KIMI.*FASTAPI_HOST.*FASTAPI_PORT/);
    expect(() => read(text)).not.toThrow(/secret/);
  });

  test("is read back as it was written, whatever it holds", () => {
    const name = fc.stringMatching(/^[A-Z][A-Z_]{0,8}$/);
    const value = fc.stringMatching(/^[!$-&(-~]{1,20}$/);
    fc.assert(
      fc.property(fc.dictionary(name, value), (values) => {
        const text = Object.entries(values).map(([key, one]) => `${key}="${one}"`);
        expect(Object.fromEntries(parseEnv(text.join("\n")))).toEqual({ ...values });
      }),
    );
  });
});

test("keys lie in files of their own that only the owner may read, and go with their line", () => {
  const place = path.join(folder, "providers");
  writeProviderKeys(
    place,
    new Map([
      ["kimi", "sk-1"],
      ["openai", "sk-2"],
    ]),
  );
  writeProviderKeys(place, new Map([["kimi", "sk-3"]]));
  expect(readdirSync(place)).toEqual(["kimi"]);
  expect(readFileSync(path.join(place, "kimi"), "utf8")).toBe("sk-3\n");
  expect(statSync(path.join(place, "kimi")).mode & 0o777).toBe(0o600);
});
