/** Fine-tuning over HTTP: the official client, who may, and what is refused. */
import { afterEach, describe, expect, test } from "vitest";
import {
  colleague,
  JOBS,
  LONG,
  owner,
  plain,
  SHORT,
  startTraining,
  stranger,
  WANTED,
} from "./test-fine-tuning.ts";
import { endAll, eventually, MODEL } from "./test-harness.ts";

afterEach(endAll);

describe("the OpenAI client", () => {
  test("has a model trained, follows it and reads what happened; simulated training says so", async () => {
    const { client } = await startTraining(SHORT);
    const { jobs } = client().fineTuning;
    const made = await jobs.create({
      ...WANTED,
      validation_file: "held-back.jsonl",
      suffix: "ward-7",
      seed: 7,
      metadata: { study: "A 两" },
      method: { type: "supervised", supervised: { hyperparameters: { n_epochs: 3 } } },
    });
    expect(made).toMatchObject({
      object: "fine_tuning.job",
      organization_id: "hospital",
      status: "validating_files",
      model: MODEL,
      training_file: "records-2026.jsonl",
      validation_file: "held-back.jsonl",
      hyperparameters: { n_epochs: 3, batch_size: "auto", learning_rate_multiplier: "auto" },
      seed: 7,
      metadata: { study: "A 两" },
      fine_tuned_model: null,
      finished_at: null,
      trained_tokens: null,
      error: null,
    });
    await eventually(async () => (await jobs.retrieve(made.id)).status).toBe("succeeded");
    const done = await jobs.retrieve(made.id);
    expect(done.fine_tuned_model).toMatch(/^ft:.*:ward-7:[0-9a-f]{24}:simulated$/);
    expect(done.finished_at).toBeGreaterThanOrEqual(done.created_at);
    const events = [];
    for await (const event of jobs.listEvents(made.id, { limit: 1 })) events.push(event.message);
    expect(events).toHaveLength(2);
    expect(events[0]).toContain("simulated");
    expect(events[1]).toBe("Created.");
  });

  test("lists the tenant's, the newest first, page by page; cancels one", async () => {
    const { client } = await startTraining();
    const { jobs } = client().fineTuning;
    const ids = [];
    for (let count = 0; count < 3; count += 1) ids.push((await jobs.create(WANTED)).id);
    const listed = [];
    for await (const job of client(colleague).fineTuning.jobs.list({ limit: 1 })) listed.push(job);
    expect(listed.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(listed.map((job) => job.created_at)).toEqual(
      listed.map((job) => job.created_at).sort((a, b) => b - a),
    );
    expect(await jobs.cancel(ids[0] ?? "")).toMatchObject({ status: "cancelled" });
    await expect(jobs.cancel(ids[0] ?? "")).rejects.toMatchObject({ status: 409 });
    expect((await jobs.retrieve(ids[0] ?? "")).finished_at).toBeGreaterThan(0);
  });

  test("is told why a job has failed", async () => {
    const { client } = await startTraining();
    const { jobs } = client().fineTuning;
    const { id } = await jobs.create({ ...WANTED, training_file: "missing.jsonl" });
    await eventually(async () => (await jobs.retrieve(id)).status).toBe("failed");
    expect((await jobs.retrieve(id)).error).toEqual({
      code: "file_not_found",
      message: "There is no data set missing.jsonl.",
      param: "training_file",
    });
  });
});

describe("who may", () => {
  test("needs the permission, for each of them", async () => {
    const { ask } = await startTraining();
    const { json } = await ask("POST", JOBS, WANTED);
    for (const [method, at] of [
      ["POST", JOBS],
      ["GET", JOBS],
      ["GET", `${JOBS}/${json.id}`],
      ["GET", `${JOBS}/${json.id}/events`],
      ["POST", `${JOBS}/${json.id}/cancel`],
    ] as const) {
      const body = at === JOBS && method === "POST" ? WANTED : undefined;
      expect(await ask(method, at, body, { "x-api-key": plain })).toMatchObject({
        status: 403,
        json: { error: { code: "permission_denied" } },
      });
    }
  });

  test("another tenant's do not exist", async () => {
    const { ask } = await startTraining();
    const { json } = await ask("POST", JOBS, WANTED);
    const as = { "x-api-key": stranger };
    for (const [method, at] of [
      ["GET", `${JOBS}/${json.id}`],
      ["GET", `${JOBS}/${json.id}/events`],
      ["POST", `${JOBS}/${json.id}/cancel`],
    ] as const) {
      expect((await ask(method, at, undefined, as)).status).toBe(404);
    }
    expect((await ask("GET", JOBS, undefined, as)).json).toMatchObject({ data: [] });
    expect((await ask("GET", `${JOBS}?after=${json.id}`, undefined, as)).json).toMatchObject({
      data: [],
    });
    expect((await ask("GET", `${JOBS}/${json.id}`)).json).toMatchObject({ id: json.id });
  });

  test.each([
    ["fixed", 400, "invalid_request"],
    ["hidden", 403, "model_not_allowed"],
    ["ended", 410, "model_sunset"],
    ["none", 404, "model_not_found"],
    ["auto", 404, "model_not_found"],
  ])("the model %s: %d %s", async (model, status, code) => {
    const { ask } = await startTraining();
    const answer = await ask("POST", JOBS, { ...WANTED, model });
    expect(answer).toMatchObject({ status, json: { error: { code, param: "model" } } });
  });

  test("a rule of access counts here too", async () => {
    const { ask } = await startTraining();
    const answer = await ask("POST", JOBS, WANTED, { "x-data-class": "patient" });
    expect(answer).toMatchObject({ status: 403, json: { error: { code: "access_rule_refused" } } });
  });

  test("so many open ones of a principal and of a tenant, and no more", async () => {
    const { ask } = await startTraining({
      ...LONG,
      GW_FINE_TUNING_OPEN_PER_PRINCIPAL: "2",
      GW_FINE_TUNING_OPEN_PER_TENANT: "3",
    });
    const many = async (key: string) => {
      const made = Array.from({ length: 6 }, () => {
        return ask("POST", JOBS, WANTED, { "x-api-key": key });
      });
      return (await Promise.all(made)).map(({ status }) => status).sort();
    };
    expect(await many(owner)).toEqual([200, 200, 429, 429, 429, 429]);
    expect(await many(colleague)).toEqual([200, 429, 429, 429, 429, 429]);
    expect(await many(stranger)).toEqual([200, 200, 429, 429, 429, 429]);
    const list = (await ask("GET", JOBS)).json as unknown as { data: { id: string }[] };
    await ask("POST", `${JOBS}/${list.data.at(-1)?.id}/cancel`);
    expect((await many(owner)).filter((status) => status === 200)).toHaveLength(1);
  });
});

describe("what is refused", () => {
  test.each([
    ["training_file", "../etc/passwd"],
    ["training_file", "a/b"],
    ["training_file", ".hidden"],
    ["training_file", "-rf"],
    ["training_file", "a\u0000b"],
    ["training_file", "$(SECRET)"],
    ["training_file", "a".repeat(129)],
    ["training_file", undefined],
    ["validation_file", "/data/x"],
    ["suffix", "a b"],
    ["suffix", "$(SECRET)"],
    ["suffix", "a".repeat(65)],
    ["seed", -1],
    ["seed", 1.5],
    ["hyperparameters", { n_epochs: 0 }],
    ["hyperparameters", { n_epochs: "many" }],
    ["hyperparameters", { learning_rate_multiplier: 0 }],
    ["hyperparameters", { command: "rm" }],
    ["method", { type: "reinforcement" }],
    ["method", { type: "supervised", dpo: {} }],
    ["method", { type: "dpo", dpo: { hyperparameters: { beta: -1 } } }],
    ["metadata", { a: 1 }],
    ["metadata", { a: "x".repeat(513) }],
    ["metadata", Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, ""]))],
    ["integrations", [{ type: "wandb", wandb: { project: "p" } }]],
    ["image", "evil:latest"],
  ])("%s: %j", async (member, value) => {
    const { ask } = await startTraining();
    const answer = await ask("POST", JOBS, { ...WANTED, [member]: value });
    expect(answer).toMatchObject({ status: 400, json: { error: { code: "invalid_request" } } });
    expect((await ask("GET", JOBS)).json).toMatchObject({ data: [] });
  });

  test("both ways to say hyperparameters at once, and bodies that are none", async () => {
    const { ask } = await startTraining();
    const both = { ...WANTED, hyperparameters: {}, method: { type: "supervised" } };
    expect((await ask("POST", JOBS, both)).json.error.param).toBe("hyperparameters");
    for (const body of ["", "[]", "null", "{", '"x"']) {
      expect((await ask("POST", JOBS, body)).status).toBe(400);
    }
  });

  test.each(["limit=0", "limit=101", "limit=x", "limit=", "limit=1e1", "metadata[a]=b"])(
    "a list with %s",
    async (query) => {
      const { ask } = await startTraining();
      expect((await ask("GET", `${JOBS}?${query}`)).status).toBe(400);
    },
  );

  test("methods that a path does not take", async () => {
    const { ask } = await startTraining();
    for (const [method, at, allow] of [
      ["GET", `${JOBS}/x/cancel`, "POST"],
      ["POST", `${JOBS}/x/events`, "GET"],
      ["POST", `${JOBS}/x`, "GET"],
      ["DELETE", `${JOBS}/x`, "GET"],
      ["PUT", JOBS, "POST, GET"],
    ] as const) {
      const answer = await ask(method, at);
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, allow]);
    }
  });

  test("everything new, where nothing trains; what is kept can still be seen", async () => {
    const { ask } = await startTraining({});
    expect(await ask("POST", JOBS, WANTED)).toMatchObject({
      status: 501,
      json: { error: { code: "fine_tuning_off" } },
    });
    expect(await ask("GET", JOBS)).toMatchObject({ status: 200, json: { data: [] } });
  });
});

test("a model card says whether the model can be trained further", async () => {
  const { client } = await startTraining();
  const cards = [];
  for await (const card of client().models.list()) cards.push(card);
  expect(cards).toMatchObject([
    { id: MODEL, capabilities: { fine_tuning: true } },
    { id: "fixed", capabilities: { fine_tuning: false } },
    { id: "ended" },
  ]);
});
