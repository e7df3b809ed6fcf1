/** Jobs over HTTP: accepted now, computed later, fetched, cancelled, told to a webhook; and kept. */
import { createHmac } from "node:crypto";
import path from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createApiKey, hashApiKey } from "../src/base/api-key.ts";
import { limits } from "../src/limits.ts";
import {
  boot,
  CHAT,
  endAll,
  eventually,
  type Harness,
  MODEL,
  simulate,
  temporaryFolder,
} from "./test-harness.ts";
import { webhookReceiver } from "./test-servers.ts";

afterEach(endAll);

const CHATS = "/v1/async/chat/completions";
const other = createApiKey();

interface JobObject {
  id: string;
  status: string;
  result: {
    choices: { message: { content: string } }[];
    usage: { completion_tokens: number };
  } | null;
  error: { code: string } | null;
  webhook: { secret?: string; status: string } | null;
}

async function start(simulator: object = {}, env: Record<string, string> = {}, more: object = {}) {
  const { url, metric } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0, ...simulator });
  const harness = await boot({
    targets: [{ url }],
    env,
    directory: {
      tenants: [{ id: "another", name: "Another" }],
      principals: [{ id: "other", kind: "service", tenant: "another", tier: "service" }],
      apiKeys: [{ id: "other", principal: "other", sha256: hashApiKey(other) }],
    },
    ...more,
  });
  return { harness, metric };
}

async function submit(harness: Harness, change: object = {}, headers: Record<string, string> = {}) {
  const answer = await harness.chatJob({ ...CHAT, max_tokens: 4, ...change }, headers);
  return { answer, job: (await answer.json()) as JobObject };
}

async function fetchJob({ base, key }: Harness, id: string, method = "GET", as = key) {
  const answer = await fetch(`${base}${CHATS}/${id}`, { method, headers: { "x-api-key": as } });
  return { status: answer.status, job: (await answer.json()) as JobObject };
}

async function ended(harness: Harness, id: string): Promise<JobObject> {
  await eventually(async () => (await fetchJob(harness, id)).job.status).not.toMatch(
    /queued|running/,
  );
  return (await fetchJob(harness, id)).job;
}

describe("a job", () => {
  test("is accepted at once, computed, billed once, and fetched as the answer would have been", async () => {
    const { harness } = await start();
    const { answer, job } = await submit(harness);
    expect([answer.status, job.status]).toEqual([202, "queued"]);
    expect(answer.headers.get("location")).toBe(`${CHATS}/${job.id}`);
    const done = await ended(harness, job.id);
    expect(done).toMatchObject({ status: "succeeded", error: null, result: { model: MODEL } });
    expect(done.result?.usage.completion_tokens).toBe(4);
    const rows = await harness.rows();
    expect(rows).toMatchObject([{ endpoint: CHATS, status: "success", completionTokens: 4 }]);
    expect(await harness.metric('gateway_jobs_total{state="succeeded"}')).toBe(1);
  });

  test("is judged before it is accepted, as far as it can be", async () => {
    const { harness } = await start();
    expect((await submit(harness, { stream: true })).answer.status).toBe(400);
    expect((await submit(harness, { model: "nobody" })).answer.status).toBe(404);
    expect((await submit(harness, { messages: [] })).answer.status).toBe(400);
    expect((await submit(harness, { webhook: { url: "http://a.example/" } })).answer.status).toBe(
      400,
    );
    expect((await submit(harness, { webhook: { url: "https://127.0.0.1/" } })).answer.status).toBe(
      400,
    );
  });

  test("of somebody else does not exist: not to read, not to cancel, not in a list", async () => {
    const { harness } = await start();
    const { job } = await submit(harness);
    expect((await fetchJob(harness, job.id, "GET", other)).status).toBe(404);
    expect((await fetchJob(harness, job.id, "DELETE", other)).status).toBe(404);
    const list = await fetch(`${harness.base}${CHATS}`, { headers: { "x-api-key": other } });
    expect(await list.json()).toMatchObject({ object: "list", data: [], has_more: false });
    const wrongKind = await fetch(`${harness.base}/v1/async/completions/${job.id}`, {
      headers: { "x-api-key": harness.key },
    });
    expect(wrongKind.status).toBe(404);
  });

  test("that is cancelled stops its model server, and is not computed again", async () => {
    const { harness, metric } = await start({ tokensPerSecond: 20 });
    const { job } = await submit(harness, { max_tokens: 2_000 });
    const running = `vllm:num_requests_running{model_name="${MODEL}",engine="0"}`;
    await eventually(() => metric(running)).toBe(1);
    expect(await fetchJob(harness, job.id, "DELETE")).toMatchObject({
      status: 200,
      job: { status: "cancelled" },
    });
    await eventually(() => metric(running)).toBe(0);
    expect((await fetchJob(harness, job.id, "DELETE")).status).toBe(409);
    expect((await ended(harness, job.id)).status).toBe("cancelled");
  });

  test("with the same Idempotency-Key is the same job; with another body it is refused", async () => {
    const { harness } = await start();
    const headers = { "idempotency-key": "one" };
    const first = await submit(harness, {}, headers);
    const second = await submit(harness, {}, headers);
    expect(second.job.id).toBe(first.job.id);
    expect((await submit(harness, { max_tokens: 5 }, headers)).answer.status).toBe(422);
    await ended(harness, first.job.id);
    expect(await harness.rows()).toHaveLength(1);
  });

  test("whose model refuses it fails with the model's reason", async () => {
    const { harness } = await start();
    const { job } = await submit(harness, { max_tokens: 999_999 });
    const done = await ended(harness, job.id);
    expect(done).toMatchObject({
      status: "failed",
      result: null,
      error: { code: "rejected_by_model" },
    });
  });

  test("over its quota waits for it; its key's end ends it", async () => {
    const { harness } = await start(
      { tokensPerSecond: 20 },
      { GW_JOBS_AT_ONCE: "2" },
      {
        tiers: { service: { concurrency: 1 } },
      },
    );
    const first = await submit(harness, { max_tokens: 10 });
    const second = await submit(harness, { max_tokens: 1 });
    expect((await ended(harness, second.job.id)).status).toBe("succeeded");
    expect((await ended(harness, first.job.id)).status).toBe("succeeded");
    const refused = (await harness.rows()).filter(({ error }) => error !== null);
    expect(refused).toEqual([]);
  });

  test("is listed with the others, page by page", async () => {
    const { harness } = await start();
    for (let count = 0; count < 3; count += 1) await submit(harness);
    const page = async (query: string) => {
      const answer = await fetch(`${harness.base}${CHATS}${query}`, {
        headers: { "x-api-key": harness.key },
      });
      return (await answer.json()) as { data: JobObject[]; has_more: boolean; last_id: string };
    };
    const first = await page("?limit=2");
    expect([first.data.length, first.has_more]).toEqual([2, true]);
    const second = await page(`?limit=2&after=${first.last_id}`);
    expect([second.data.length, second.has_more]).toEqual([1, false]);
  });

  test("more than are allowed to wait are refused", async () => {
    const { harness } = await start();
    const insert = vi.spyOn(harness.gateway.parts.jobs, "insert").mockResolvedValue("full");
    const { answer } = await submit(harness);
    expect(answer.status).toBe(429);
    expect(insert.mock.calls[0]?.[1]).toEqual([{ principal: "first", max: limits.jobsOpenMax }]);
  });
});

describe("a webhook", () => {
  test("is told once, signed, without what was said; tried again where it fails", async () => {
    const { url, calls } = await webhookReceiver([503]);
    const { harness } = await start({}, { GW_WEBHOOK_HOSTS: "127.0.0.1" });
    const { job } = await submit(harness, { webhook: { url } });
    const secret = job.webhook?.secret ?? "";
    expect(secret).toMatch(/^whsec_/);
    await eventually(() => calls.length).toBe(2);
    const [, call] = calls;
    const signed = `${call?.headers["x-ds-timestamp"]}.${call?.body}`;
    const expected = createHmac("sha256", secret).update(signed).digest("hex");
    expect(call?.headers["x-ds-signature"]).toBe(expected);
    expect(JSON.parse(call?.body ?? "")).toMatchObject({
      id: job.id,
      status: "succeeded",
      error: null,
    });
    expect(call?.body).not.toContain("choices");
    await eventually(async () => (await fetchJob(harness, job.id)).job.webhook?.status).toBe(
      "delivered",
    );
    expect((await fetchJob(harness, job.id)).job.webhook?.secret).toBeUndefined();
  });

  test("gets the answer where it was asked for", async () => {
    const { url, calls } = await webhookReceiver();
    const { harness } = await start({}, { GW_WEBHOOK_HOSTS: "127.0.0.1" });
    await submit(harness, { webhook: { url, include_result: true } });
    await eventually(() => calls.length).toBe(1);
    expect(JSON.parse(calls[0]?.body ?? "")).toMatchObject({ result: { model: MODEL } });
  });
});

test("a job survives the end of its gateway, unread by whoever has the database", async () => {
  const folder = temporaryFolder();
  const { writeFileSync, readFileSync } = await import("node:fs");
  const dataKeys = path.join(folder, "data-keys");
  writeFileSync(dataKeys, `first:${Buffer.alloc(32, 7).toString("base64")}\n`);
  const file = path.join(folder, "gateway.db");
  const env = { GW_DATABASE: "sqlite", GW_DATABASE_FILE: file, GW_DATA_KEY_FILE: dataKeys };
  const key = createApiKey();
  const directory = {
    tenants: [{ id: "t", name: "T" }],
    principals: [{ id: "p", kind: "service", tenant: "t", tier: "service" }],
    apiKeys: [{ id: "k", principal: "p", sha256: hashApiKey(key) }],
  };
  const { url } = await simulate({ tokensPerSecond: 5, ttftMs: 0 });
  const first = await boot({
    targets: [{ url }],
    env: { ...env, GW_STREAM_TIMEOUT_MS: "110000", GW_DRAIN_TIMEOUT_MS: "110001" },
    directory,
  });
  const content = "a very private question";
  const { job } = await submit(
    { ...first, key },
    { max_tokens: 200, messages: [{ role: "user", content }] },
    { authorization: `Bearer ${key}` },
  );
  await eventually(async () => (await fetchJob(first, job.id, "GET", key)).job.status).toBe(
    "running",
  );
  // As a kill would: nothing is finished or given back.
  Object.assign(first.gateway.parts.jobs, {
    finish: async () => false,
    renew: async (_owner: string, ids: readonly string[]) => [...ids],
    claim: async () => [],
  });
  const quick = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const second = await boot({ targets: [{ url: quick.url }], env, directory });
  const { clock } = second.gateway.parts;
  const wallMs = clock.wallMs.bind(clock);
  Object.assign(clock, { wallMs: () => wallMs() + limits.jobLeaseMs + 1_000 });
  try {
    await eventually(async () => (await fetchJob(second, job.id, "GET", key)).job.status).toBe(
      "succeeded",
    );
  } finally {
    Object.assign(clock, { wallMs });
  }
  expect(readFileSync(file).includes(content)).toBe(false);
  first.gateway.parts.jobRunner.abort(job.id);
}, 60_000);
