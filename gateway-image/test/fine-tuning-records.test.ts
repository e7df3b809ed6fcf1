/** What is kept of fine-tuning jobs: once each, recorded, and there after a new start. */
import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { startGateway } from "../src/gateway.ts";
import { colleague, JOBS, LONG, owner, startTraining, WANTED } from "./test-fine-tuning.ts";
import { endAll, eventually, MODEL, onEnd, temporaryFolder } from "./test-harness.ts";

afterEach(endAll);

test("the same Idempotency-Key is the same job; with another body it is refused", async () => {
  const { ask } = await startTraining();
  const key = { "idempotency-key": "k-1" };
  const first = await ask("POST", JOBS, WANTED, key);
  expect((await ask("POST", JOBS, WANTED, key)).json.id).toBe(first.json.id);
  expect((await ask("POST", JOBS, { ...WANTED, seed: 1 }, key)).status).toBe(422);
  const other = await ask("POST", JOBS, WANTED, { ...key, "x-api-key": colleague });
  expect(other.json.id).not.toBe(first.json.id);
});

function trail() {
  const folder = temporaryFolder();
  const { privateKey } = generateKeyPairSync("ed25519");
  const file = path.join(folder, "seal.pem");
  writeFileSync(file, String(privateKey.export({ type: "pkcs8", format: "pem" })));
  const data = path.join(folder, "data");
  const events = () =>
    readdirSync(path.join(data, "audit"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".jsonl"))
      .flatMap((name) =>
        readFileSync(path.join(data, "audit", name), "utf8")
          .trim()
          .split("\n"),
      )
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    env: { ...LONG, GW_AUDIT_SEAL_KEY_FILE: file, GW_DATA_FOLDER: data },
    events,
  };
}

test("creation and cancellation are events of the audit trail: who, which job, model and data set", async () => {
  const { env, events } = trail();
  const { ask } = await startTraining(env);
  const { json } = await ask("POST", JOBS, WANTED);
  await ask("POST", JOBS, { ...WANTED, model: "fixed" });
  await ask("POST", `${JOBS}/${json.id}/cancel`, undefined, { "x-api-key": colleague });
  const found = events().filter(({ action }) => /FineTuning$/.test(String(action)));
  expect(found).toMatchObject([
    {
      action: "createFineTuning",
      actor: "owner",
      tenant: "hospital",
      target: json.id,
      outcome: "allowed",
      detail: { training_file: "records-2026.jsonl", model: MODEL },
    },
    { action: "createFineTuning", target: "fixed", outcome: "refused" },
    { action: "cancelFineTuning", actor: "colleague", target: json.id, outcome: "allowed" },
  ]);
});

test("what cannot be recorded does not stay", async () => {
  const { env } = trail();
  const { ask, harness } = await startTraining(env);
  const { audit } = harness.gateway.parts;
  if (audit === null) throw new Error("no trail");
  const append = audit.append.bind(audit);
  audit.append = () => Promise.reject(new Error("the disk is full"));
  expect((await ask("POST", JOBS, WANTED)).status).toBeGreaterThanOrEqual(500);
  audit.append = append;
  const list = (await ask("GET", JOBS)).json as unknown as { data: { status: string }[] };
  expect(list.data.map(({ status }) => status)).toEqual(["cancelled"]);
});

test("jobs are there after a new start, and go on", async () => {
  const file = path.join(temporaryFolder(), "gateway.db");
  const env = { ...LONG, GW_DATABASE: "sqlite", GW_DATABASE_FILE: file };
  const { ask, harness } = await startTraining(env);
  const { json } = await ask("POST", JOBS, WANTED);
  await eventually(async () => (await ask("GET", `${JOBS}/${json.id}`)).json).toMatchObject({
    status: "queued",
  });
  await harness.gateway.stop();
  const { config } = harness.gateway.parts;
  const second = await startGateway(
    { ...config, GW_FINE_TUNING_SIMULATED_SECONDS: 0 },
    { write() {} },
  );
  onEnd(() => second.stop());
  await second.ready;
  const look = async () => {
    const headers = { "x-api-key": owner };
    const answer = await fetch(`http://127.0.0.1:${second.port}${JOBS}/${json.id}`, { headers });
    return answer.json();
  };
  await eventually(look).toMatchObject({ id: json.id, status: "succeeded" });
});
