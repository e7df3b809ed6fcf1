/** Erasing a principal: all that is theirs goes, what must stay is named, and others lose nothing. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { createApiKey, hashApiKey } from "../src/base/api-key.ts";
import { JOBS, LONG } from "./test-fine-tuning.ts";
import {
  boot,
  CHAT,
  endAll,
  eventually,
  MODEL,
  simulate,
  temporaryFolder,
  testModel,
} from "./test-harness.ts";

afterEach(endAll);

const CORE = { kind: "service", tenant: "bank", tier: "service", roles: ["caller", "fine-tuner"] };

interface Erasure {
  readonly erased: Readonly<Record<string, number>>;
  readonly kept: readonly { what: string; why: string; until: string }[];
  readonly error?: { code: string };
}

async function start() {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const dataKeys = `${temporaryFolder()}/keys`;
  writeFileSync(dataKeys, `test:${randomBytes(32).toString("base64")}\n`);
  const admin = createApiKey();
  const harness = await boot({
    targets: [],
    models: [testModel([{ url }], { fineTuning: true })],
    env: { GW_DATA_KEY_FILE: dataKeys, ...LONG },
    directory: {
      tenants: [{ id: "bank", name: "A bank" }],
      principals: [{ ...CORE, id: "security", roles: ["security-admin"] }],
      apiKeys: [{ id: "security", principal: "security", sha256: hashApiKey(admin) }],
    },
  });
  const call = (key: string, method: string, path: string, body?: object, headers = {}) =>
    fetch(`${harness.base}${path}`, {
      method,
      headers: { "x-api-key": key, "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const newcomer = async (id: string) => {
    await call(admin, "PUT", `/admin/v1/principals/${id}`, CORE);
    const issued = await call(admin, "POST", "/admin/v1/api-keys", { principal: id });
    return ((await issued.json()) as { key: string }).key;
  };
  const erase = async (principal: string, key = admin) => {
    const answer = await call(key, "POST", "/admin/v1/erasures", { principal });
    return { status: answer.status, body: (await answer.json()) as Erasure };
  };
  return { harness, call, newcomer, erase };
}

/** One of each: a conversation, an answer kept under a key, a job. */
async function leaveTraces({ call }: Awaited<ReturnType<typeof start>>, key: string) {
  const native = { model: MODEL, prompt: "a secret of mine", max_tokens: 2 };
  const said = (await (await call(key, "POST", "/v1/chat/complete", native)).json()) as {
    data: { context_id: string };
  };
  const chat = { ...CHAT, max_tokens: 2 };
  await call(key, "POST", "/v1/chat/completions", chat, { "idempotency-key": "once" });
  const job = (await (await call(key, "POST", "/v1/async/chat/completions", chat)).json()) as {
    id: string;
  };
  const state = async () => {
    const answer = await call(key, "GET", `/v1/async/chat/completions/${job.id}`);
    return ((await answer.json()) as { status: string }).status;
  };
  await eventually(state).toBe("succeeded");
  return { contextId: said.data.context_id, jobId: job.id };
}

test("what is theirs goes, the ledger keeps the sums without the name, others keep all", async () => {
  const here = await start();
  const { harness, call, newcomer, erase } = here;
  const [alice, bob] = [await newcomer("alice"), await newcomer("alice:bob")];
  await leaveTraces(here, alice);
  const kept = await leaveTraces(here, bob);
  await eventually(async () => (await harness.rows()).length).toBe(6);

  const { status, body } = await erase("alice");
  expect(status).toBe(200);
  expect(body.erased).toMatchObject({
    directory_entries: 2,
    jobs: 1,
    conversations: 1,
    kept_answers: 1,
    ledger_rows_renamed: 3,
  });
  expect(body.kept.every(({ why, until }) => why !== "" && until !== "")).toBe(true);
  expect((await call(alice, "GET", "/users/me")).status).toBe(401);

  const rows = await harness.rows();
  const names = [...new Set(rows.flatMap(({ principal, keyId }) => [principal, keyId]))];
  expect(names.filter((name) => name === "alice")).toEqual([]);
  const renamed = rows.filter(({ principal }) => /^erased-[0-9a-f-]{36}$/.test(principal));
  expect(renamed.map(({ completionTokens }) => completionTokens)).toEqual([2, 2, 2]);

  // The name begins as the erased one does.
  const more = { model: MODEL, prompt: "more", max_tokens: 2, context_id: kept.contextId };
  expect((await call(bob, "POST", "/v1/chat/complete", more)).status).toBe(200);
  const job = await call(bob, "GET", `/v1/async/chat/completions/${kept.jobId}`);
  expect(job.status).toBe(200);
  const again = { ...CHAT, max_tokens: 2 };
  const replay = await call(bob, "POST", "/v1/chat/completions", again, {
    "idempotency-key": "once",
  });
  expect(replay.headers.get("idempotency-replayed")).toBe("true");
});

test("whoever comes under the same name later finds nothing of it", async () => {
  const here = await start();
  const { contextId, jobId } = await leaveTraces(here, await here.newcomer("alice"));
  await here.erase("alice");
  const later = await here.newcomer("alice");
  const more = { model: MODEL, prompt: "more", max_tokens: 2, context_id: contextId };
  expect((await here.call(later, "POST", "/v1/chat/complete", more)).status).toBe(404);
  const job = await here.call(later, "GET", `/v1/async/chat/completions/${jobId}`);
  expect(job.status).toBe(404);
  const usage = await (await here.call(later, "GET", "/v1/usage")).json();
  expect(usage).toMatchObject({ data: [] });
});

test("training that runs is ended first, and its entry goes when it has", async () => {
  const { call, newcomer, erase } = await start();
  const alice = await newcomer("alice");
  const wish = { model: MODEL, training_file: "records" };
  expect((await call(alice, "POST", JOBS, wish)).status).toBe(200);
  const { body } = await erase("alice");
  expect(body.erased).toMatchObject({ fine_tuning_jobs: 0, fine_tuning_jobs_ending: 1 });
  await eventually(async () => (await erase("alice")).body.erased?.["fine_tuning_jobs"]).toBe(1);
  expect((await erase("alice")).status).toBe(404);
});

test("one that nobody knows, one that a file sets, and one who may not ask", async () => {
  const { newcomer, erase, harness } = await start();
  expect(await erase("nobody")).toMatchObject({
    status: 404,
    body: { error: { code: "entity_not_found" } },
  });
  expect(await erase("security")).toMatchObject({
    status: 409,
    body: { error: { code: "managed_by_configuration" } },
  });
  const alice = await newcomer("alice");
  expect((await erase("alice", alice)).status).toBe(403);
  expect((await erase("alice", harness.key)).status).toBe(403);
  expect((await erase("alice")).status).toBe(200);
  // The last call's rows, if any, were all there were.
  expect((await erase("alice")).status).toBe(404);
});
