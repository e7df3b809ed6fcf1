/** What the log says of prompts: nothing, that two are the same, or what they were to who has the key. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { SealedBox } from "../src/base/sealed-box.ts";
import { openPrompt } from "../src/base/sealed-prompt.ts";
import { parseConfig } from "../src/config.ts";
import { boot, endAll, eventually, simulate, temporaryFolder } from "./test-harness.ts";

afterEach(endAll);

const SECRET = "patient 4711 asks";

async function linesOf(mode: string) {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const file = `${temporaryFolder()}/keys`;
  const key = `test:${randomBytes(32).toString("base64")}\n`;
  writeFileSync(file, key);
  const env = { GW_DATA_KEY_FILE: file, GW_PROMPTS: mode };
  const harness = await boot({ targets: [{ url }], env });
  const ask = (content: string) =>
    harness.chat({ max_tokens: 1, messages: [{ role: "user", content }] });
  for (const content of [SECRET, SECRET, "something else"]) await ask(content);
  const calls = () => harness.logLines().filter(({ message }) => message === "request");
  await eventually(() => calls().length).toBe(3);
  expect(JSON.stringify(harness.logLines())).not.toContain("4711");
  return { lines: calls(), box: new SealedBox(key) };
}

test("none: nothing", async () => {
  const { lines } = await linesOf("none");
  for (const line of lines) expect(line).toMatchObject({ prompt_hash: null });
  expect(lines[0]).not.toHaveProperty("prompt_sealed");
});

test("hash: the same prompt has the same one, which nobody without the key can guess", async () => {
  const [first, same, other] = (await linesOf("hash")).lines.map((line) => line["prompt_hash"]);
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect([same === first, other === first]).toEqual([true, false]);
  expect((await linesOf("hash")).lines[0]?.["prompt_hash"]).not.toBe(first);
});

test("sealed: who has the data key reads what was asked, as it came", async () => {
  const { lines, box } = await linesOf("sealed");
  const opened = lines.map((line) => openPrompt(box, JSON.stringify(line)));
  expect(opened.map((one) => JSON.parse(one?.prompt ?? "{}").messages[0].content)).toEqual([
    SECRET,
    SECRET,
    "something else",
  ]);
  const sealed = lines.map((line) => line["prompt_sealed"]);
  expect(new Set(sealed).size).toBe(3);
});

test("sealed without a data key is no configuration", () => {
  const alone = { GW_HOST: "127.0.0.1", GW_TLS: "off", GW_SHARED_STORE: "memory" };
  const files = { GW_KEYS_FILE: "keys.json", GW_ROUTES_FILE: "routes.json" };
  const result = parseConfig({ ...alone, ...files, GW_DATABASE: "memory", GW_PROMPTS: "sealed" });
  expect("faults" in result && result.faults.join()).toContain("sealed needs GW_DATA_KEY_FILE");
});
