/**
 * The simulated model server as a client sees it: answers, streams, usage, queue, faults, metrics
 * and drain. Goal: the gateway and the monitoring may take it for a vLLM.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import tls from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../pki/authority.ts";
import { parseConfig, type SimulatorConfig } from "./config.ts";
import { type Simulator, startSimulator } from "./server.ts";
import { testConfig } from "./test-config.ts";

/** Waits for what must come; a busy machine may be slow about it. */
const eventually = <T>(probe: () => T) => expect.poll(probe, { timeout: 20_000, interval: 10 });

const running: Simulator[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.kill()));
});

async function start(changes: Partial<SimulatorConfig> = {}) {
  const simulator = await startSimulator(testConfig(changes));
  running.push(simulator);
  const base = `http://127.0.0.1:${simulator.port}`;
  await eventually(async () => (await fetch(`${base}/health`)).status).toBe(200);
  const post = (path: string, body: unknown, init: RequestInit = {}) =>
    fetch(`${base}${path}`, { method: "POST", body: JSON.stringify(body), ...init });
  const chat = (body: object = {}, init: RequestInit = {}) =>
    post("/v1/chat/completions", { ...CHAT, ...body }, init);
  const metric = async (line: string) => {
    const page = await (await fetch(`${base}/metrics`)).text();
    const found = page.split("\n").find((text) => text.startsWith(`${line} `));
    return found === undefined ? undefined : Number(found.slice(line.length + 1));
  };
  return { simulator, base, post, chat, metric };
}

const MODEL = "deepseek-llm-7b-chat";
const CHAT = { model: MODEL, messages: [{ role: "user", content: "What is a ledger?" }] };
const LABELS = `{model_name="${MODEL}",engine="0"}`;

function events(text: string): Record<string, unknown>[] {
  return text
    .split("\n\n")
    .filter((event) => event.startsWith("data: {"))
    .map((event) => JSON.parse(event.slice(6)));
}

describe("answers", () => {
  test("the same question has the same answer, and usage follows the rule", async () => {
    const { chat } = await start();
    const first = (await (await chat()).json()) as Record<string, never>;
    const second = (await (await chat()).json()) as Record<string, never>;
    expect(first).toMatchObject({ choices: second.choices, object: "chat.completion" });
    // 17 bytes are 5 tokens, and a message costs 3.
    expect(first).toMatchObject({ usage: { prompt_tokens: 8 } });
  });

  test("max_tokens ends an answer with the reason length", async () => {
    const { chat } = await start();
    const answer = await (await chat({ max_tokens: 4 })).json();
    expect(answer).toMatchObject({
      choices: [{ finish_reason: "length" }],
      usage: { completion_tokens: 4, total_tokens: 12 },
    });
  });

  test("limits have the names that vLLM knows, and every text has its answers", async () => {
    const { chat, post } = await start();
    expect(await (await chat({ max_tokens: 1, max_completion_tokens: 6 })).json()).toMatchObject({
      usage: { completion_tokens: 6 },
    });
    const ask = async (body: object) =>
      (await post("/v1/completions", { model: MODEL, ...body })).json();
    const both = { prompt: ["Once", "Twice"], n: 2, max_tokens: 3, max_completion_tokens: 1 };
    expect(await ask(both)).toMatchObject({
      choices: [{ index: 0 }, { index: 1 }, { index: 2 }, { index: 3 }],
      usage: { completion_tokens: 12 },
    });
    expect(await ask({ prompt: "Once", max_tokens: 0 })).toMatchObject({
      usage: { completion_tokens: 1 },
    });
  });

  test("completions and embeddings answer, a list of inputs gives a list of vectors", async () => {
    const { post } = await start({ embeddingDimensions: 8 });
    const text = await (await post("/v1/completions", { model: MODEL, prompt: "Once" })).json();
    expect(text).toMatchObject({ object: "text_completion", usage: { completion_tokens: 16 } });
    const body = { model: MODEL, input: ["a", "b"] };
    const vectors = (await (await post("/v1/embeddings", body)).json()) as {
      data: { embedding: number[] }[];
    };
    expect(vectors.data.map((row) => row.embedding.length)).toEqual([8, 8]);
  });

  test("it says everywhere that it is simulated", async () => {
    const { base, chat } = await start();
    const models = await (await fetch(`${base}/v1/models`)).json();
    expect(models).toMatchObject({ data: [{ id: MODEL, owned_by: "simulated" }] });
    expect((await chat()).headers.get("x-simulated")).toBe("true");
  });

  test.each([
    [{ model: "other" }, 404, "NotFoundError"],
    [{ messages: [] }, 400, "BadRequestError"],
    [{ max_tokens: 0 }, 400, "BadRequestError"],
    [{ max_tokens: 5000 }, 400, "BadRequestError"],
    [{ stream_options: { include_usage: true } }, 400, "BadRequestError"],
  ])("refuses %j as vLLM does", async (change, status, type) => {
    const { chat } = await start();
    const response = await chat(change);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { type, code: status } });
  });
});

describe("streams", () => {
  test("end with [DONE]; usage only where it was asked for", async () => {
    const { chat } = await start();
    const plain = await (await chat({ stream: true })).text();
    expect(plain.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(plain).not.toContain('"usage"');
    const options = { include_usage: true };
    const usage = events(await (await chat({ stream: true, stream_options: options })).text());
    expect(usage.filter((event) => "usage" in event)).toHaveLength(1);
    expect(usage.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 8 } });
  });

  test("continuous usage counts up in every event", async () => {
    const { chat } = await start();
    const options = { include_usage: true, continuous_usage_stats: true };
    const body = { stream: true, max_tokens: 3, stream_options: options };
    const counts = events(await (await chat(body)).text()).map(
      (event) => (event.usage as { completion_tokens: number }).completion_tokens,
    );
    expect(counts).toEqual([0, 1, 2, 3, 3]);
  });

  test("a client that leaves frees its slot and counts as aborted", async () => {
    const { chat, metric } = await start({ tokensPerSecond: 5 });
    const leaving = new AbortController();
    const response = await chat({ stream: true }, { signal: leaving.signal });
    await response.body?.getReader().read();
    expect(await metric(`vllm:num_requests_running${LABELS}`)).toBe(1);
    leaving.abort();
    await eventually(() => metric(`vllm:num_requests_running${LABELS}`)).toBe(0);
    const aborted = `simulated_requests_left_total{model_name="${MODEL}",engine="0"}`;
    expect(await metric(aborted)).toBe(1);
    const counted = `vllm:request_success_total{model_name="${MODEL}",engine="0",finished_reason="abort"}`;
    expect(await metric(counted)).toBe(0);
  });
});

describe("load and faults", () => {
  test("more than max-num-seqs wait in a queue, and never more than that run", async () => {
    const { chat, metric } = await start({ maxNumSeqs: 2, tokensPerSecond: 20 });
    const all = Array.from({ length: 6 }, async () => (await chat({ max_tokens: 10 })).status);
    await eventually(() => metric(`vllm:num_requests_waiting${LABELS}`)).toBe(4);
    expect(await metric(`vllm:num_requests_running${LABELS}`)).toBe(2);
    expect(await Promise.all(all)).toEqual([200, 200, 200, 200, 200, 200]);
    expect(await metric(`vllm:num_requests_waiting${LABELS}`)).toBe(0);
    expect(await metric(`vllm:generation_tokens_total${LABELS}`)).toBe(60);
    // Six answers of ten tokens: none was as short as five, and no bound lies above the context.
    const answers = (bound: string) =>
      metric(
        `vllm:request_generation_tokens_bucket{model_name="${MODEL}",engine="0",le="${bound}"}`,
      );
    expect([await answers("5.0"), await answers("10.0"), await answers("+Inf")]).toEqual([0, 6, 6]);
    expect(await answers("5000.0")).toBeUndefined();
    expect(await metric(`vllm:request_prompt_tokens_count${LABELS}`)).toBe(6);
  });

  test("faults on request: an error, a lost connection", async () => {
    const { chat } = await start();
    expect((await chat({ simulate: { error: 503 } })).status).toBe(503);
    expect((await chat({}, { headers: { "x-sim-error": "500" } })).status).toBe(500);
    const broken = await chat({
      stream: true,
      simulate: { disconnectAfter: 2, tokensPerSecond: 100 },
    });
    await expect(broken.text()).rejects.toThrow();
  });

  test("controls are ignored unless they are enabled", async () => {
    const { chat } = await start({ testControls: false });
    expect((await chat({ simulate: { error: 503 } })).status).toBe(200);
  });

  test("a drain lets a running stream end and then closes", async () => {
    const { simulator, base, chat } = await start({ tokensPerSecond: 100 });
    const response = await chat({ stream: true, max_tokens: 20 });
    const text = response.text();
    const drained = simulator.drain();
    expect((await fetch(`${base}/health`)).status).toBe(503);
    expect((await text).endsWith("data: [DONE]\n\n")).toBe(true);
    expect(await drained).toEqual({ aborted: 0 });
    await expect(fetch(`${base}/health`)).rejects.toThrow();
  });
});

describe("start", () => {
  test("while loading, /health and inference are 503", async () => {
    const simulator = await startSimulator(testConfig({ readyDelayMs: 200 }));
    running.push(simulator);
    const base = `http://127.0.0.1:${simulator.port}`;
    const body = JSON.stringify(CHAT);
    expect((await fetch(`${base}/health`)).status).toBe(503);
    const early = await fetch(`${base}/v1/chat/completions`, { method: "POST", body });
    expect(early.status).toBe(503);
    await eventually(async () => (await fetch(`${base}/health`)).status).toBe(200);
  });

  test("TLS 1.3 with a certificate that is taken over when it changes", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "simulator-test-"));
    const files = { certFile: path.join(folder, "tls.crt"), keyFile: path.join(folder, "tls.key") };
    const authority = await createAuthority("test authority", 1);
    const renew = async (commonName: string) => {
      const usage = "server" as const;
      const names = { dnsNames: ["localhost"], addresses: ["127.0.0.1"], usage, days: 2 };
      const pair = await issueCertificate(authority, { commonName, ...names });
      writeFileSync(files.certFile, pair.certificate);
      writeFileSync(files.keyFile, pair.key);
    };
    await renew("first");
    const simulator = await startSimulator(testConfig({ tls: files }));
    running.push(simulator);
    const subject = (options: tls.ConnectionOptions = {}) =>
      new Promise<string>((resolve, reject) => {
        const ca = authority.certificate;
        const to = { host: "localhost", port: simulator.port, ca, ...options };
        const socket = tls.connect(to, () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        });
        socket.once("error", reject);
      });
    expect(await subject()).toBe("first");
    await expect(subject({ maxVersion: "TLSv1.2" })).rejects.toThrow();
    await renew("second");
    await eventually(() => subject()).toBe("second");
    rmSync(folder, { recursive: true });
  });
});

describe("settings", () => {
  test("all faults are named at once", () => {
    expect(parseConfig({ SIM_PORT: "x", SIM_FOO: "1", SIM_ERROR_RATE: "2" })).toEqual({
      faults: [
        "SIM_FOO: no such setting",
        "SIM_PORT: must be a whole number from 0 to 65535",
        "SIM_TLS_CERT_FILE, SIM_TLS_KEY_FILE: are required",
        "SIM_ERROR_RATE: must be a number from 0 to 1",
      ],
    });
  });
});
