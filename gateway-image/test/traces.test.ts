/** Traces as a collector receives them; and a collector that is away. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { limits } from "../src/limits.ts";
import { createTraces, readTraceparent } from "../src/telemetry/traces.ts";
import { boot, endAll, eventually, MODEL, onEnd, simulate, testModel } from "./test-harness.ts";

afterEach(endAll);

interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  status: { code?: number };
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
}

async function listen(handler: http.RequestListener): Promise<string> {
  const server = http.createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function bodyOf(request: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

async function collector() {
  const spans: ReceivedSpan[] = [];
  let text = "";
  const url = await listen(async (request, response) => {
    const body = await bodyOf(request);
    text += body;
    const json = JSON.parse(body) as {
      resourceSpans: { scopeSpans: { spans: ReceivedSpan[] }[] }[];
    };
    for (const { scopeSpans } of json.resourceSpans) {
      for (const scope of scopeSpans) spans.push(...scope.spans);
    }
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  return { url, spans, text: () => text };
}

/** A model server that keeps the headers it was sent. */
async function upstream() {
  const headers: http.IncomingHttpHeaders[] = [];
  const url = await listen(async (request, response) => {
    await bodyOf(request);
    headers.push(request.headers);
    const usage = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };
    const choices = [{ index: 0, message: { role: "assistant", content: "a private answer" } }];
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ id: "x", model: MODEL, choices, usage }));
  });
  return { url, headers };
}

const attribute = ({ attributes }: ReceivedSpan, name: string) => {
  const found = attributes.find(({ key }) => key === name)?.value;
  return found?.stringValue ?? found?.intValue;
};

test("a call is a span with its parts, goes on with the caller's trace, and tells nothing said", async () => {
  const { url: endpoint, spans, text } = await collector();
  const server = await upstream();
  const env = { GW_OTLP_ENDPOINT: `${endpoint}/v1/traces`, GW_TRACE_SAMPLE_PERCENT: "100" };
  const harness = await boot({ targets: [{ url: server.url }], env });
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const headers = {
    authorization: `Bearer ${harness.key}`,
    "content-type": "application/json",
    traceparent: `00-${traceId}-b7ad6b7169203331-00`,
  };
  await (
    await harness.chat({ messages: [{ role: "user", content: "a private question" }] }, { headers })
  ).text();
  await eventually(() => spans.length).toBeGreaterThanOrEqual(3);
  const root = spans.find(({ name }) => name === "POST /v1/chat/completions");
  expect(root).toMatchObject({ traceId, parentSpanId: "b7ad6b7169203331", kind: 2 });
  if (root === undefined) throw new Error("no span of the call");
  expect(attribute(root, "gen_ai.usage.output_tokens")).toBe(5);
  expect(attribute(root, "gen_ai.request.model")).toBe(MODEL);
  expect(attribute(root, "http.response.status_code")).toBe(200);
  const parts = spans.filter(({ parentSpanId }) => parentSpanId === root.spanId);
  expect(parts.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["reserve quota", `ask ${MODEL}`]),
  );
  const asked = parts.find(({ name }) => name === `ask ${MODEL}`);
  expect(server.headers[0]?.traceparent).toBe(`00-${traceId}-${asked?.spanId}-01`);
  for (const secret of ["private", harness.key]) expect(text()).not.toContain(secret);
  expect(harness.logLines().find((line) => line.message === "request")).toMatchObject({
    trace_id: traceId,
  });
});

test("what failed says so, with the code of the error and no more", async () => {
  const { url: endpoint, spans } = await collector();
  const env = { GW_OTLP_ENDPOINT: `${endpoint}/v1/traces`, GW_TRACE_SAMPLE_PERCENT: "100" };
  const harness = await boot({ targets: [{ url: "http://127.0.0.1:9" }], env });
  expect((await harness.chat()).status).toBe(503);
  await eventually(() => spans.filter(({ status }) => status.code === 2).length).toBe(2);
  for (const span of spans.filter(({ status }) => status.code === 2)) {
    expect(attribute(span, "error.type")).toBe("model_unavailable");
  }
});

test("a call that two servers were asked for has a span of each, and says which answered", async () => {
  const { url: endpoint, spans } = await collector();
  const server = await upstream();
  let silent = false;
  const slow = await listen(async (request, response) => {
    await bodyOf(request);
    if (!silent) response.writeHead(200).end(JSON.stringify({ choices: [] }));
  });
  const env = { GW_OTLP_ENDPOINT: `${endpoint}/v1/traces`, GW_TRACE_SAMPLE_PERCENT: "100" };
  const models = [testModel([{ url: slow }, { url: server.url }], { hedgeAfterMs: 300 })];
  const harness = await boot({ targets: [], models, env });
  // A call of somebody else: the slow one is the less loaded one.
  harness.gateway.parts.routes.get(MODEL)?.targets[1]?.begin();
  for (let call = 0; call < limits.hedgeCallsEach * 3; call += 1)
    await (await harness.chat()).text();
  silent = true;
  expect((await harness.chat()).status).toBe(200);
  const hedged = () => spans.find((span) => attribute(span, "gateway.hedge") === "won");
  await eventually(hedged).toBeDefined();
  const asked = () =>
    spans.filter(
      ({ parentSpanId, name }) => parentSpanId === hedged()?.spanId && name === `ask ${MODEL}`,
    );
  await eventually(() => asked().length).toBe(2);
  const places = asked().map((span) => attribute(span, "server.address"));
  expect(places.toSorted()).toEqual([slow, server.url].map((url) => new URL(url).host).toSorted());
}, 60_000);

test("an outside provider learns nothing of the trace", async () => {
  const { url: endpoint } = await collector();
  const server = await upstream();
  const { mkdirSync, writeFileSync } = await import("node:fs");
  const { temporaryFolder } = await import("./test-harness.ts");
  const folder = temporaryFolder();
  mkdirSync(`${folder}/providers`);
  writeFileSync(`${folder}/providers/deepseek`, "sk-of-the-provider");
  const env = {
    GW_OTLP_ENDPOINT: `${endpoint}/v1/traces`,
    GW_TRACE_SAMPLE_PERCENT: "100",
    GW_PROVIDERS_FOLDER: `${folder}/providers`,
  };
  const models = [testModel([{ provider: "deepseek", url: server.url }])];
  const harness = await boot({ targets: [], models, env });
  expect((await harness.chat()).status).toBe(200);
  expect(server.headers[0]).not.toHaveProperty("traceparent");
  expect(server.headers[0]).not.toHaveProperty("x-request-id");
});

test("a collector that is away costs no call its answer; what it did not take is counted", async () => {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const env = { GW_OTLP_ENDPOINT: "http://127.0.0.1:9/v1/traces", GW_TRACE_SAMPLE_PERCENT: "100" };
  const harness = await boot({ targets: [{ url }], env });
  for (let count = 0; count < 5; count += 1) {
    expect((await harness.chat({ max_tokens: 1 })).status).toBe(200);
  }
  await harness.gateway.parts.traces.close();
  expect(await harness.metric("gateway_spans_lost_total")).toBeGreaterThan(0);
}, 60_000);

test("no caller can choose to be traced, whatever the id of its trace", async () => {
  const traces = createTraces({
    endpoint: "http://127.0.0.1:9/v1/traces",
    sampleShare: 0.1,
    version: "1",
    site: "s",
    instance: "i",
    ca: () => null,
    onLost: () => {},
  });
  const ids = ["00000001".padEnd(32, "0"), "f".padStart(32, "0"), "f".repeat(32)];
  for (const id of ids) {
    const header = `00-${id}-b7ad6b7169203331-01`;
    const begun = Array.from({ length: 1_000 }, () => traces.begin("call", header));
    const count = begun.filter((span) => span !== null).length;
    // A hundred expected; ten standard deviations away nothing is chance.
    expect(count).toBeGreaterThan(5);
    expect(count).toBeLessThan(195);
  }
  await traces.close();
}, 60_000);

test("spans beyond the bound are dropped at once, and counted", async () => {
  let lost = 0;
  const endpoint = await listen(() => {
    // Never answers.
  });
  const traces = createTraces({
    endpoint: `${endpoint}/v1/traces`,
    sampleShare: 1,
    version: "1",
    site: "s",
    instance: "i",
    ca: () => null,
    onLost: (spans) => {
      lost += spans;
    },
  });
  for (let count = 0; count < limits.spansWaitingMax + 50; count += 1)
    traces.begin("call", undefined)?.end();
  expect(lost).toBe(50);
  await traces.close();
}, 120_000);

test("where nothing is to be traced, nothing is", async () => {
  const server = await upstream();
  const harness = await boot({ targets: [{ url: server.url }] });
  await harness.chat();
  expect(server.headers[0]).not.toHaveProperty("traceparent");
});

test.each([
  ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true],
  ["00-00000000000000000000000000000000-b7ad6b7169203331-01", false],
  ["00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false],
  ["ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false],
  ["00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false],
  ["", false],
])("traceparent %s is one: %s", (header, valid) => {
  expect(readTraceparent(header) !== null).toBe(valid);
});
