/** The documentation's pages, and answers that are compressed where that is worth it and safe. */
import http from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { boot, endAll, type Harness, simulate, testModel } from "./test-harness.ts";

afterEach(endAll);

interface Raw {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** As it came: `fetch` would decode it. */
function ask(harness: Harness, path: string, headers: http.OutgoingHttpHeaders, body?: object) {
  return new Promise<Raw>((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const own = { authorization: `Bearer ${harness.key}`, "content-type": "application/json" };
    const request = http.request(`${harness.base}${path}`, {
      method,
      headers: { ...own, ...headers },
    });
    request.on("error", reject);
    request.on("response", async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const { statusCode: status = 0 } = response;
      resolve({ status, headers: response.headers, body: Buffer.concat(chunks) });
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function start(env: Readonly<Record<string, string>> = {}) {
  const { url } = await simulate();
  const models = Array.from({ length: 20 }, (_, at) => testModel([{ url }], { id: `model-${at}` }));
  return boot({ targets: [], models: [...models, testModel([{ url }])], env });
}

describe("the pages", () => {
  test("load scripts and styles of this gateway alone, under a policy that says so", async () => {
    const harness = await start();
    for (const page of ["/docs", "/redoc"]) {
      const { status, headers, body } = await ask(harness, page, {});
      expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
      const policy = headers["content-security-policy"] ?? "";
      expect(policy).toContain("default-src 'none'; script-src 'self';");
      expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
      const html = body.toString();
      expect(html).not.toMatch(/<script>|https?:|\son\w+=/);
      const files = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((found) => found[1] ?? "");
      expect(files.length).toBeGreaterThan(1);
      for (const file of files) {
        const loaded = await ask(harness, file, {});
        expect([file, loaded.status, loaded.headers["x-content-type-options"]]).toEqual([
          file,
          200,
          "nosniff",
        ]);
      }
    }
  });

  test("are asked for once, and then only whether they changed", async () => {
    const harness = await start();
    const path = "/docs/files/swagger-ui-bundle.js";
    const first = await ask(harness, path, { "accept-encoding": "gzip, br" });
    expect(first.headers).toMatchObject({ "content-encoding": "br", vary: "accept-encoding" });
    const { etag = "" } = first.headers;
    const again = await ask(harness, path, {
      "accept-encoding": "gzip, br",
      "if-none-match": etag,
    });
    expect([again.status, again.body.length]).toEqual([304, 0]);
    const plain = await ask(harness, path, { "if-none-match": etag });
    expect(plain.status).toBe(200);
    expect(brotliDecompressSync(first.body).equals(plain.body)).toBe(true);
    expect(first.body.length * 3).toBeLessThan(plain.body.length);
  });

  test("can be switched off; the schema stays", async () => {
    const harness = await start({ GW_API_PAGES: "off" });
    for (const page of ["/docs", "/redoc", "/docs/files/swagger-ui.css"]) {
      expect((await ask(harness, page, {})).status).toBe(404);
    }
    expect((await ask(harness, "/openapi.json", {})).status).toBe(200);
    expect(JSON.parse((await ask(harness, "/", {})).body.toString())).not.toHaveProperty("docs");
  });

  test("take no other method", async () => {
    const harness = await start();
    const answer = await fetch(`${harness.base}/docs`, { method: "DELETE" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET"]);
  });
});

describe("compression", () => {
  test.each([
    ["gzip", "gzip", gunzipSync],
    ["br;q=0.5, gzip;q=0.1", "br", brotliDecompressSync],
    ["*", "br", brotliDecompressSync],
  ] as const)("of whole answers for a caller that takes %s", async (accepted, used, decode) => {
    const harness = await start();
    for (const path of ["/v1/models", "/openapi.json"]) {
      const plain = await ask(harness, path, {});
      expect(plain.headers["content-encoding"]).toBe(undefined);
      const { headers, body } = await ask(harness, path, { "accept-encoding": accepted });
      expect(headers["content-encoding"]).toBe(used);
      expect(headers.vary).toContain("accept-encoding");
      expect(decode(body).equals(plain.body)).toBe(true);
      expect(body.length * 2).toBeLessThan(plain.body.length);
    }
    const input = Array.from({ length: 20 }, (_, at) => `text ${at}`);
    const call = { model: "deepseek-llm-7b-chat", input };
    const answer = await ask(harness, "/v1/embeddings", { "accept-encoding": accepted }, call);
    expect(answer.headers["content-encoding"]).toBe(used);
    expect(JSON.parse(decode(answer.body).toString())).toMatchObject({ object: "list" });
  });

  test.each(["identity", "gzip;q=0, br;q=0", "zstd", "", ";;;,q=,"])(
    "of nothing for a caller that says %j",
    async (accepted) => {
      const harness = await start();
      const answer = await ask(harness, "/v1/models", { "accept-encoding": accepted });
      expect(answer.headers["content-encoding"]).toBe(undefined);
      expect(answer.headers.vary).toBe("accept-encoding");
      expect(JSON.parse(answer.body.toString())).toMatchObject({ object: "list" });
    },
  );

  test("never of streams, of what is short, nor of what a person is told of himself", async () => {
    const harness = await start({ GW_CORS_ORIGINS: "https://app.example" });
    const call = { model: "deepseek-llm-7b-chat", messages: [{ role: "user", content: "Hello" }] };
    const gzip = { "accept-encoding": "gzip" };
    const chat = "/v1/chat/completions";
    const stream = await ask(harness, chat, gzip, { ...call, stream: true, max_tokens: 600 });
    expect(stream.headers["content-encoding"]).toBe(undefined);
    expect(stream.body.toString()).toContain("[DONE]");
    const short = await ask(harness, chat, gzip, { ...call, max_tokens: 1 });
    expect(short.headers["content-encoding"]).toBe(undefined);
    const self = await ask(harness, "/users/me", gzip);
    expect([self.status, self.headers["content-encoding"]]).toEqual([200, undefined]);
    const models = await ask(harness, "/v1/models", { ...gzip, origin: "https://app.example" });
    expect(models.headers.vary).toBe("origin, accept-encoding");
  });
});
