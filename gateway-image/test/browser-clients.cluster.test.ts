/** The official OpenAI client in a page of another origin, unchanged, in a real Chromium. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type OpenAI from "openai";
import { rolldown } from "rolldown";
import { afterEach, expect, test } from "vitest";
import { openChromium } from "./test-chromium.ts";
import { boot, endAll, MODEL, onEnd, simulate, temporaryFolder } from "./test-harness.ts";

afterEach(endAll);

const PAGE = `<!doctype html><title>a page</title><script type="module">
import OpenAI from "/openai.mjs";
globalThis.OpenAI = OpenAI;
</script>`;

/** A page with the client on it, bundled as pages have it. */
async function servePage(): Promise<string> {
  const input = fileURLToPath(import.meta.resolve("openai")).replace(/\.js$/, ".mjs");
  const build = await rolldown({ input, platform: "browser", logLevel: "silent" });
  const { output } = await build.generate({ format: "esm", codeSplitting: false });
  const server = http.createServer((request, response) => {
    const isClient = request.url === "/openai.mjs";
    response.setHeader("content-type", isClient ? "text/javascript" : "text/html");
    response.end(isClient ? output[0].code : PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onEnd(() => server.close());
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

test("calls, streams, and reads errors and where its quota stands", async () => {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const origin = await servePage();
  const { base, key } = await boot({ targets: [{ url }], env: { GW_CORS_ORIGINS: origin } });
  const browser = await openChromium(temporaryFolder());
  onEnd(() => browser.close());
  const page = await browser.newPage();
  await page.goto(origin);
  await page.waitForFunction("globalThis.OpenAI");
  const said = await page.evaluate(
    async ([apiKey, baseURL, model]) => {
      const { OpenAI: Client } = globalThis as unknown as { OpenAI: typeof OpenAI };
      const client = new Client({ apiKey, baseURL, dangerouslyAllowBrowser: true, maxRetries: 0 });
      const messages = [{ role: "user" as const, content: "What is a ledger?" }];
      const question = { model, messages, max_tokens: 4 };
      const own = { headers: { "idempotency-key": crypto.randomUUID(), "x-cache": "no-store" } };
      const whole = client.chat.completions.create(question, own).withResponse();
      const { data, response } = await whole;
      let pieces = 0;
      const stream = await client.chat.completions.create({ ...question, stream: true });
      for await (const _ of stream) pieces += 1;
      const error: unknown = await client.models.retrieve("none").catch((thrown) => thrown);
      const names = ["x-request-id", "x-ratelimit-limit-requests", "x-api-version"];
      return {
        content: data.choices[0]?.message.content,
        pieces,
        status: (error as { status?: number }).status,
        headers: names.map((name) => response.headers.get(name)),
      };
    },
    [key, `${base}/v1`, MODEL] as const,
  );
  expect(said).toEqual({
    content: expect.stringMatching(/\S/),
    pieces: expect.any(Number),
    status: 404,
    headers: Array(3).fill(expect.stringMatching(/\S/)),
  });
  expect(said.pieces).toBeGreaterThan(2);
});
