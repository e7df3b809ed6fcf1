/** The driver before an HTTPS server that speaks the API's paths, well and badly. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../../tools/pki/authority.ts";
import { FINE_TUNINGS, type FineTuning } from "./fine-tuning.ts";
import { jobName, templateSchema } from "./job-template.ts";
import { KubernetesApi } from "./kubernetes-api.ts";
import { KubernetesDriver } from "./kubernetes-driver.ts";
import { testFineTuning } from "./test-fine-tuning.ts";

const template = templateSchema.parse({
  apiVersion: "batch/v1",
  kind: "Job",
  spec: {
    template: { spec: { restartPolicy: "Never", containers: [{ name: "train", image: "i" }] } },
  },
});

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly token: string;
  readonly body: { metadata?: object; propagationPolicy?: string } | null;
}
type Answer = { status: number; body?: unknown } | "silence" | "hang up" | "nonsense" | "endless";

let folder: string;
let server: Server;
let api: KubernetesApi;
let driver: KubernetesDriver;
let asked: Asked[];
/** What the cluster holds. */
let jobs: Map<string, { metadata: Record<string, unknown>; status?: object }>;
let pods: object[];
let fault: (one: Asked) => Answer | null;
let token: string;
const signal = () => AbortSignal.timeout(5_000);
const file = (name: string, text: string) => writeFileSync(path.join(folder, name), text);

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "kubernetes-driver-"));
  [asked, jobs, pods, fault, token] = [[], new Map(), [], () => null, "first"];
  const authority = await createAuthority("a cluster", 1);
  const request = {
    commonName: "api",
    addresses: ["127.0.0.1"],
    usage: "server",
    days: 1,
  } as const;
  const pair = await issueCertificate(authority, request);
  server = createServer({ cert: pair.certificate, key: pair.key }, async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const one: Asked = {
      method: incoming.method ?? "",
      url: incoming.url ?? "",
      token: incoming.headers.authorization ?? "",
      body: text === "" ? null : JSON.parse(text),
    };
    asked.push(one);
    const answer = fault(one) ?? answerOf(one);
    if (answer === "silence") return;
    if (answer === "hang up") return void incoming.socket.destroy();
    if (answer === "nonsense") return void response.end("<html>");
    if (answer === "endless") {
      for (let sent = 0; sent < 64 && !response.destroyed; sent += 1) {
        response.write(" ".repeat(65_536));
        await new Promise((resolve) => setImmediate(resolve));
      }
      return void response.end("{}");
    }
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer.body ?? { kind: "Status", reason: `R${answer.status}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  file("token", "first\n");
  file("ca.crt", authority.certificate);
  file("namespace", "deepseek");
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  api = new KubernetesApi({ url, folder });
  driver = new KubernetesDriver({ api, template: () => template });
});

afterEach(async () => {
  await driver.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const JOBS = "/apis/batch/v1/namespaces/deepseek/jobs";

/** As an API server would. */
function answerOf({ method, url, token: given, body }: Asked): Answer {
  if (given !== `Bearer ${token}`) return { status: 401 };
  if (url.startsWith("/api/v1/namespaces/deepseek/pods?")) {
    return { status: 200, body: { kind: "PodList", items: pods } };
  }
  if (url === JOBS && method === "POST") {
    const metadata = (body?.metadata ?? {}) as Record<string, unknown>;
    const name = String(metadata.name);
    if (jobs.has(name)) return { status: 409 };
    jobs.set(name, { metadata });
    return { status: 201, body: jobs.get(name) };
  }
  const name = url.slice(JOBS.length + 1);
  const job = jobs.get(name);
  if (job === undefined) return { status: 404 };
  if (method === "DELETE") jobs.delete(name);
  return { status: 200, body: job };
}

function statusOf(job: FineTuning, status: object): void {
  const found = jobs.get(jobName(job.id));
  if (found === undefined) throw new Error("there is no such Job");
  found.status = status;
}
const handedOver = (job: FineTuning) => testFineTuning({ id: job.id }, { handedOver: true });

test("a job is begun, followed and its result gathered", async () => {
  const job = testFineTuning();
  expect(await driver.look(job, signal())).toEqual({ kind: "waiting" });
  statusOf(job, { active: 1, ready: 1 });
  expect(await driver.look(handedOver(job), signal())).toEqual({ kind: "running" });
  statusOf(job, { succeeded: 1, conditions: [{ type: "Complete", status: "True" }] });
  const message = '{"fine_tuned_model":"ft:a","trained_tokens":12}';
  pods = [
    { metadata: {}, status: { containerStatuses: [{ state: { terminated: { message } } }] } },
  ];
  expect(await driver.look(handedOver(job), signal())).toEqual({
    kind: "succeeded",
    model: "ft:a",
    trainedTokens: 12,
  });
  expect(asked.filter(({ method }) => method === "POST")).toHaveLength(1);
  expect(decodeURIComponent(asked.at(-1)?.url ?? "")).toContain(
    `app.kubernetes.io/instance=${jobName(job.id)}`,
  );
});

test("one that is there already, from a look that died, is not begun a second time", async () => {
  const job = testFineTuning();
  await driver.look(job, signal());
  statusOf(job, { ready: 1 });
  expect(await driver.look(job, signal())).toEqual({ kind: "running" });
  expect(jobs.size).toBe(1);
});

test("another's Job of the same name is neither followed nor taken for ours", async () => {
  const job = testFineTuning();
  jobs.set(jobName(job.id), { metadata: { annotations: {} }, status: { ready: 1 } });
  expect(await driver.look(job, signal())).toMatchObject({ kind: "refused" });
});

test("a Job that was deleted by hand has failed", async () => {
  const job = testFineTuning();
  await driver.look(job, signal());
  jobs.clear();
  expect(await driver.look(handedOver(job), signal())).toMatchObject({
    kind: "failed",
    code: "removed",
  });
});

test("a removal takes the pods along, and may find nothing", async () => {
  const job = FINE_TUNINGS.cancelled(testFineTuning(), 0);
  await driver.remove(job, signal());
  await driver.look(job, signal());
  await driver.remove(job, signal());
  expect(jobs.size).toBe(0);
  expect(asked.at(-1)).toMatchObject({
    method: "DELETE",
    body: { propagationPolicy: "Background" },
  });
});

test("a renewed token, and a renewed CA, are taken without a new start", async () => {
  const job = testFineTuning();
  await driver.look(job, signal());
  token = "second";
  await expect(driver.look(handedOver(job), signal())).rejects.toThrow("401");
  file("token", "second");
  expect(await driver.look(handedOver(job), signal())).toEqual({ kind: "waiting" });
  file("ca.crt", (await createAuthority("another", 1)).certificate);
  await expect(driver.look(handedOver(job), signal())).rejects.toThrow();
});

describe("an answer that is none", () => {
  test.each([
    [400, "refused"],
    [403, "refused"],
    [404, "refused"],
    [422, "refused"],
  ])("%d to a new Job: %s", async (status, kind) => {
    fault = ({ method }) => (method === "POST" ? { status } : null);
    expect(await driver.look(testFineTuning(), signal())).toEqual({
      kind,
      reason: `${status} R${status}`,
    });
  });

  test.each([401, 429, 500, 503])("%d to a new Job: another look", async (status) => {
    fault = ({ method }) => (method === "POST" ? { status } : null);
    await expect(driver.look(testFineTuning(), signal())).rejects.toThrow(String(status));
  });

  test.each([401, 403, 409, 500])(
    "%d to a look at one that runs is no end of it",
    async (status) => {
      fault = ({ method }) => (method === "GET" ? { status } : null);
      await expect(driver.look(handedOver(testFineTuning()), signal())).rejects.toThrow(
        String(status),
      );
    },
  );

  test.each([403, 500])("%d to a removal: it is not removed", async (status) => {
    fault = () => ({ status });
    await expect(driver.remove(testFineTuning(), signal())).rejects.toThrow(String(status));
  });

  test.each(["silence", "hang up", "nonsense", "endless"] as const)("%s", async (what) => {
    fault = () => what;
    const look = driver.look(handedOver(testFineTuning()), AbortSignal.timeout(500));
    await expect(look).rejects.toThrow();
  });

  test("no fault tells the token", async () => {
    fault = () => ({ status: 500, body: { reason: "x", message: "Bearer first" } });
    const told = await driver.look(handedOver(testFineTuning()), signal()).catch(String);
    expect(told).not.toContain("first");
  });
});

test("a server that is not of the cluster's CA is told nothing", async () => {
  file("ca.crt", (await createAuthority("another", 1)).certificate);
  await expect(driver.look(testFineTuning(), signal())).rejects.toThrow();
  expect(asked).toEqual([]);
});
