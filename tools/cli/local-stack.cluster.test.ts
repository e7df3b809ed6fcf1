/**
 * The main job, from nothing to `destroy`: `up` of the local stack on this machine, called as its
 * users call it. One story, so the tests run in order and each stands on the one before it.
 */
import { execFile } from "node:child_process";
import tls from "node:tls";
import { promisify } from "node:util";
import OpenAI from "openai";
import { type Agent, fetch, type RequestInit, request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { JOBS, OTHER_JOBS } from "../../observability/jobs.ts";
import { METRIC_CATALOGUE } from "../../observability/metric-catalogue.ts";
import { RULE_GROUPS } from "../../observability/rules.ts";
import { seriesFaults } from "../../observability/test-exposition.ts";
import { withRecorded } from "../../observability/test-promql.ts";
import { collecting } from "./test-collecting.ts";
import { panelsUnderLoad } from "./test-panels.ts";
import { podDeaths } from "./test-pod-deaths.ts";
import { runVerb, runVerbOrFail, type StackOutputs, stackOutputs, trusting } from "./test-stack.ts";
import { callsThroughTheEdge } from "./test-through-edge.ts";
import { waysIn } from "./test-ways-in.ts";

const exec = promisify(execFile);
const model = "deepseek-llm-7b-chat";
const question = { model, messages: [{ role: "user" as const, content: "你好" }], max_tokens: 8 };

let deployed = { stdout: "", stderr: "" };
let outputs: StackOutputs;
let dispatcher: Agent;

beforeAll(async () => {
  await runVerbOrFail(["cluster", "reset", "--yes"]);
  deployed = await runVerbOrFail(["up", "local", "--yes"]);
  outputs = await stackOutputs();
  dispatcher = trusting(outputs);
});

afterAll(async () => {
  await runVerb(["cluster", "reset", "--yes"]);
});

describe("the local stack after up", () => {
  test("prints a curl line that works when pasted", async () => {
    const line = /^\s*(curl .*)$/m.exec(deployed.stdout)?.[1] ?? "";
    const { stdout } = await exec("bash", ["-c", line], { cwd: "/" });
    expect(JSON.parse(stdout)).toMatchObject({
      object: "chat.completion",
      choices: [{ message: { role: "assistant", content: expect.stringMatching(/\S/) } }],
    });
  });

  test("serves the official OpenAI client unchanged, streamed and not", async () => {
    const client = new OpenAI({
      apiKey: outputs.apiKey,
      baseURL: `${outputs.url}/v1`,
      // Node's own fetch does not take the dispatcher of another undici.
      fetch: (url, init) => fetch(url as string, { ...init, dispatcher } as RequestInit),
    });
    const answer = await client.chat.completions.create(question);
    expect(answer.usage?.completion_tokens).toBeGreaterThan(0);
    const stream = await client.chat.completions.create({ ...question, stream: true });
    const chunks: string[] = [];
    for await (const chunk of stream) chunks.push(chunk.choices[0]?.delta.content ?? "");
    expect(chunks.filter((text) => text !== "").length).toBeGreaterThan(1);
    const models = await client.models.list();
    expect(models.data.map((card) => card.id)).toContain(model);
  });

  test("keeps a conversation of the native API, whichever gateway answers", async () => {
    let contextId: string | null = null;
    const sizes: number[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      const prompt = { model, prompt: "它的实际应用有哪些？", max_tokens: 4 };
      const body: object = { ...prompt, context_id: contextId };
      const { code, data }: NativeAnswer = await post("/v1/chat/complete", body);
      expect(code).toBe(0);
      contextId = data.context_id;
      sizes.push(data.usage.prompt_tokens);
    }
    expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => a - b));
  });

  test("gives the administrator of the outputs a token that must first change the password", async () => {
    const { adminUser: username, adminPassword: password } = outputs;
    const form = new URLSearchParams({ username, password });
    const response = await request(`${outputs.url}/token`, {
      dispatcher,
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form.toString(),
    });
    const { access_token } = (await response.body.json()) as { access_token: string };
    const me = await request(`${outputs.url}/users/me`, {
      dispatcher,
      headers: { authorization: `Bearer ${access_token}` },
    });
    expect(await me.body.json()).toMatchObject({
      username,
      roles: ["security-admin"],
      must_change_password: true,
    });
  });

  test("says what was used, from PostgreSQL, and where the quotas stand, from Redis", async () => {
    const get = async (path: string) => {
      const headers = { authorization: `Bearer ${outputs.apiKey}` };
      const response = await request(`${outputs.url}${path}`, { dispatcher, headers });
      return (await response.body.json()) as { data: Record<string, unknown>[] };
    };
    const day = new Date().toISOString().slice(0, 10);
    const days = await eventually(async () => {
      const { data } = await get("/v1/usage/daily");
      return { done: data.length > 0, seen: data };
    });
    expect(days).toMatchObject([{ day, model, requests: expect.any(Number) }]);
    const { data } = await get("/v1/quota");
    expect(data[0]).toMatchObject({ scope: "user:first", limit: "requestsPerMinute" });
  });

  test("refuses a wrong key with 401 in OpenAI's shape", async () => {
    const response = await request(`${outputs.url}/v1/models`, {
      dispatcher,
      headers: { authorization: "Bearer sk-ds-wrong" },
    });
    expect(response.statusCode).toBe(401);
    expect(await response.body.json()).toMatchObject({
      error: { message: expect.any(String), type: expect.any(String) },
    });
  });

  test.each(["localhost", undefined])("refuses TLS 1.2 (server name %s)", async (servername) => {
    await expect(handshake(servername, "TLSv1.2")).rejects.toThrow(/alert|protocol|version/i);
    await expect(handshake(servername, "TLSv1.3")).resolves.toBe("TLSv1.3");
  });

  test("redirects plain HTTP to TLS", async () => {
    const response = await request("http://127.0.0.1:30080/v1/models");
    expect(response.statusCode).toBe(301);
    expect(response.headers["location"]).toMatch(/^https:\/\//);
    await response.body.dump();
  });

  test("has every pod ready and nothing restarted", async () => {
    const pods = await objects("pods", "-A");
    const workloads = pods.filter((pod) => pod.metadata.namespace !== "kube-system");
    expect(workloads.length).toBeGreaterThanOrEqual(9);
    for (const pod of workloads) {
      const ready = pod.status.conditions?.find((condition) => condition.type === "Ready");
      expect(`${pod.metadata.name} ${ready?.status}`).toBe(`${pod.metadata.name} True`);
    }
  });

  test("has Prometheus scraping every target", async () => {
    const query = new URL("/api/v1/query?query=up", outputs.prometheusUrl);
    // Two gateways, two edges, two models and their simulated GPUs; one each of the rest.
    const expected = 8 + ["alertmanager", "postgres", "prometheus", "redis"].length;
    const found = await eventually(async () => {
      const response = await request(query, { dispatcher });
      const { data } = (await response.body.json()) as PrometheusAnswer;
      const targets = data.result.map(({ metric, value }) => `${metric.job} ${value[1]}`).sort();
      const done = targets.length === expected && targets.every((target) => target.endsWith(" 1"));
      return { done, seen: targets };
    });
    expect(found.filter((target) => !target.endsWith(" 1"))).toEqual([]);
    expect(new Set(found.map((target) => target.split(/[ /]/)[0]))).toEqual(
      new Set([...Object.values(JOBS), OTHER_JOBS.gpu]),
    );
    expect(found).toHaveLength(expected);
  });

  test("exposes what the metric catalogue says, with its types and labels", async () => {
    const ask = async <T>(path: string) => {
      const response = await request(new URL(path, outputs.prometheusUrl), { dispatcher });
      return ((await response.body.json()) as { readonly data: T }).data;
    };
    const ours = encodeURIComponent(
      '{__name__=~"(api|gateway|DCGM)_.+|vllm:.+|redis_up|pg_up|nginx_up"}',
    );
    const series = await ask<Record<string, string>[]>(`/api/v1/series?match[]=${ours}`);
    expect(seriesFaults(series, withRecorded(METRIC_CATALOGUE, RULE_GROUPS))).toEqual([]);
    expect(new Set(series.map(({ job }) => job))).toContain(JOBS.modelServer);
    const types = await ask<Record<string, { readonly type: string }[]>>("/api/v1/metadata");
    for (const { name, type } of METRIC_CATALOGUE.filter((metric) => metric.name in types)) {
      expect(types[name], name).toContainEqual(expect.objectContaining({ type }));
    }
  });
});

describe("through the edge", () => callsThroughTheEdge(() => ({ outputs, dispatcher })));

describe("pods that die or are replaced", () => podDeaths(() => ({ outputs, dispatcher })));

describe("told of those who come from elsewhere", () => waysIn(() => ({ outputs, dispatcher })));

describe("with a store of lines and traces", () => collecting(() => ({ outputs, dispatcher })));

describe("a second up", () => {
  test("changes nothing", async () => {
    const { stdout } = await runVerbOrFail(["preview", "local", "--json"]);
    const { changes } = JSON.parse(stdout);
    expect(changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
  });

  test("with one more replica is one update, and no request fails meanwhile", async () => {
    const more = ["--config", "deepseek:gateway.replicas=3"];
    const planned = await runVerbOrFail(["preview", "local", "--json", ...more]);
    const { changes, steps } = JSON.parse(planned.stdout);
    expect(changes).toMatchObject({ create: 0, update: 1, replace: 0, delete: 0 });
    expect(steps.filter((step: { kind: string }) => step.kind === "update")).toHaveLength(1);

    const load = startLoad(4);
    await runVerbOrFail(["up", "local", "--yes", ...more]);
    const { answered, failed } = await load.stop();
    expect(failed).toEqual([]);
    expect(answered).toBeGreaterThan(20);
    const gateways = ["-n", "deepseek", "-l", "app.kubernetes.io/name=gateway"];
    const [gateway] = await objects("statefulsets", ...gateways);
    expect(gateway?.status.readyReplicas).toBe(3);
  });

  panelsUnderLoad(() => ({ outputs, dispatcher }));
});

describe("a change that cannot be made in place", () => {
  test("is shown as a replacement before anything happens", async () => {
    // With the replicas of the test before, so that nothing else differs.
    const change = ["deepseek:gateway.replicas=3", "deepseek:redis.storage=3Gi"].flatMap(
      (setting) => ["--config", setting],
    );
    const { stdout } = await runVerbOrFail(["preview", "local", "--json", ...change]);
    const { changes, steps } = JSON.parse(stdout);
    expect(changes).toMatchObject({ create: 0, update: 0, replace: 1, delete: 0 });
    const replaced = steps.find((step: { replaces: string[] }) => step.replaces.length > 0);
    expect(replaced).toMatchObject({
      type: "kubernetes:apps/v1:StatefulSet",
      name: "redis",
      basis: "cluster",
    });
  });
});

describe("up after the cluster was reset", () => {
  test("makes again what is gone, with the same key and authority", async () => {
    await runVerbOrFail(["cluster", "reset", "--yes"]);
    await dispatcher.destroy();
    await runVerbOrFail(["up", "local", "--yes"]);
    const again = await stackOutputs();
    expect(again).toMatchObject({ apiKey: outputs.apiKey, caCertificate: outputs.caCertificate });
    dispatcher = trusting(again);
    const response = await request(`${again.url}/v1/models`, {
      dispatcher,
      headers: { authorization: `Bearer ${outputs.apiKey}` },
    });
    expect(response.statusCode).toBe(200);
    await response.body.dump();
  });
});

describe("destroy", () => {
  test("leaves nothing behind", async () => {
    await runVerbOrFail(["destroy", "local", "--yes"]);
    const namespaces = (await objects("namespaces")).map((found) => found.metadata.name);
    expect(namespaces.sort()).toEqual(["default", "kube-node-lease", "kube-public", "kube-system"]);
    const volumes = await objects("persistentvolumes");
    expect(volumes.filter((volume) => volume.status.phase !== "Available")).toEqual([]);
  });
});

interface NativeAnswer {
  readonly code: number;
  readonly data: {
    readonly context_id: string;
    readonly usage: { readonly prompt_tokens: number };
  };
}

async function post<T>(path: string, body: object): Promise<T> {
  const response = await request(`${outputs.url}${path}`, {
    dispatcher,
    method: "POST",
    headers: { authorization: `Bearer ${outputs.apiKey}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await response.body.json()) as T;
}

interface PrometheusAnswer {
  readonly data: {
    readonly result: readonly {
      readonly metric: { readonly job: string };
      readonly value: readonly [number, string];
    }[];
  };
}

/** Looks again until `done`, for at most two scrape intervals; returns what it saw last. */
async function eventually<T>(look: () => Promise<{ done: boolean; seen: T }>): Promise<T> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const { done, seen } = await look();
    if (done || Date.now() > deadline) return seen;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

function handshake(servername: string | undefined, version: "TLSv1.2" | "TLSv1.3") {
  return new Promise<string | null>((resolve, reject) => {
    const socket = tls.connect({
      host: "127.0.0.1",
      port: 30443,
      ca: outputs.caCertificate,
      minVersion: version,
      maxVersion: version,
      ...(servername === undefined ? {} : { servername }),
      timeout: 10_000,
    });
    socket.once("secureConnect", () => {
      resolve(socket.getProtocol());
      socket.destroy();
    });
    socket.once("timeout", () => reject(new Error("no answer to the handshake")));
    socket.once("error", reject);
  });
}

/** Bounded load on loopback: `lanes` callers one request after the other, until stop(). */
function startLoad(lanes: number) {
  const deadline = Date.now() + 300_000;
  const failed: string[] = [];
  let answered = 0;
  let running = true;
  const lane = async () => {
    while (running && Date.now() < deadline) {
      const response = await request(`${outputs.url}/v1/chat/completions`, {
        dispatcher,
        method: "POST",
        headers: {
          authorization: `Bearer ${outputs.apiKey}`,
          "content-type": "application/json",
        },
        body: JSON.stringify(question),
      }).catch((error: Error) => error);
      if (response instanceof Error) failed.push(response.message);
      else if (response.statusCode !== 200) {
        failed.push(`${response.statusCode} ${await response.body.text()}`);
      } else {
        await response.body.dump();
        answered += 1;
      }
      // The load shows that nothing is dropped; it need not be heavy.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const all = Array.from({ length: lanes }, lane);
  return {
    stop: async () => {
      running = false;
      await Promise.all(all);
      return { answered, failed };
    },
  };
}

async function kubectl(...args: readonly string[]) {
  return runVerbOrFail(["kubectl", ...args]);
}

interface KubernetesObject {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly status: {
    readonly phase?: string;
    readonly readyReplicas?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

async function objects(...args: readonly string[]): Promise<readonly KubernetesObject[]> {
  const { stdout } = await kubectl("get", ...args, "-o", "json");
  return JSON.parse(stdout).items;
}
