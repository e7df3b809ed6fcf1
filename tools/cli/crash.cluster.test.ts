/**
 * kill -9 of the command line at thirty moments of an `up`, then `up` again: the same final state
 * as an undisturbed run, and no orphan in the cluster. Half of the runs make a stack, half change
 * one with every kind of call (update, replace, delete, create). Half of the moments are inside a
 * call to the API server (before it acts, and after it acted but before its answer arrives), seen
 * by a proxy between the two; the other half are points in time spread over the whole run.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { silentProgress } from "../base/progress.ts";
import { ensureBinaries } from "../cluster/binaries.ts";
import {
  startTestApiServer,
  type TestApiServer,
} from "../engine/providers/kubernetes/test-api-server.ts";
import { runVerb, runVerbOrFail } from "./test-stack.ts";

const fixture = path.join(import.meta.dirname, "fixtures/crash");

/** What the cluster must hold of a generation: each once, nothing else. */
function objectsOf(generation: number): readonly string[] {
  return [
    ...Array.from({ length: 4 }, (_, index) => `configmap/chain-${index}`),
    ...Array.from({ length: 6 }, (_, index) => `configmap/fan-${index + generation}`),
    `configmap/renamed-${generation}`,
    "secret/secret",
  ].sort();
}

/** A run that is cut off: the first `up` of a stack, or the one to its second generation. */
interface Run {
  readonly generation: 1 | 2;
  ms: number;
  /** Requests that are no mere reads, rehearsals included. */
  calls: number;
}

const RUNS: readonly Run[] = [
  { generation: 1, ms: 0, calls: 0 },
  { generation: 2, ms: 0, calls: 0 },
];
const MOMENTS = Array.from({ length: 15 }, (_, index) => {
  const run = RUNS[index % 2] as Run;
  return { index, run, generation: run.generation, fraction: (index + 0.5) / 15 };
});

let api: TestApiServer;
let proxy: Proxy;
let folder: string;

beforeAll(async () => {
  const { kube } = await ensureBinaries({ progress: silentProgress });
  api = await startTestApiServer(kube);
  folder = await mkdtemp(path.join(os.tmpdir(), "crash-test-"));
  proxy = await startProxy(api);
  await writeFile(path.join(folder, "kubeconfig"), proxy.kubeconfig);
  for (const run of RUNS) {
    const [started, callsBefore] = [performance.now(), proxy.calls()];
    await up("undisturbed", run.generation);
    run.ms = performance.now() - started;
    run.calls = proxy.calls() - callsBefore;
    await expectWhole("undisturbed", run.generation);
  }
});

afterAll(async () => {
  await proxy?.close();
  await api?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

describe("kill -9 inside a call to the API server", () => {
  test.each(MOMENTS)("moment $index, generation $generation", async ({ index, run, fraction }) => {
    const name = await prepare(`call-${index}`, run);
    const moment = Math.floor(index / 2) % 2 === 0 ? "before it acts" : "before it answers";
    let pid = 0;
    proxy.onCall(Math.ceil(fraction * run.calls), moment, () => end(pid));
    await runVerb(upArguments(name, run.generation), {
      environment: environmentOf(name),
      onStart: (started) => {
        pid = started;
      },
    });
    expect(proxy.fired()).toBe(true);
    await up(name, run.generation);
    await expectWhole(name, run.generation);
  });
});

describe("kill -9 at a point in time", () => {
  test.each(MOMENTS)("moment $index, generation $generation", async ({ index, run, fraction }) => {
    const name = await prepare(`time-${index}`, run);
    await runVerb(upArguments(name, run.generation), {
      environment: environmentOf(name),
      onStart: (pid) => {
        setTimeout(() => end(pid), run.ms * fraction);
      },
    });
    await up(name, run.generation);
    await expectWhole(name, run.generation);
  });
});

/** A second generation needs a first one; its namespace is the stack's name. */
async function prepare(name: string, run: Run): Promise<string> {
  if (run.generation === 2) await up(name, 1);
  return name;
}

function upArguments(name: string, generation: number): readonly string[] {
  return ["up", "test", "--yes", ...programOptions(name, generation)];
}

function programOptions(name: string, generation: number): readonly string[] {
  const settings = [`crash:namespace=${name}`, `crash:generation=${generation}`];
  const config = settings.flatMap((setting) => ["--config", setting]);
  return ["--engine", "embedded", "--cwd", fixture, ...config];
}

function environmentOf(name: string): Readonly<Record<string, string>> {
  return {
    DEEPSEEK_STATE_DIR: path.join(folder, name),
    KUBECONFIG: path.join(folder, "kubeconfig"),
  };
}

function up(name: string, generation: number) {
  return runVerbOrFail(upArguments(name, generation), { environment: environmentOf(name) });
}

/** The state says what the cluster has, each once, and nothing is pending. */
async function expectWhole(name: string, generation: number) {
  const found = await api.kubectl(["-n", name, "get", "configmaps,secrets", "-o", "name"]);
  const objects = found.split("\n").filter((line) => line !== "" && !line.includes("kube-root-ca"));
  expect(objects.sort()).toEqual(objectsOf(generation));
  const file = path.join(folder, name, "pulumi/.pulumi/stacks/crash/test.json");
  const { checkpoint } = JSON.parse(await readFile(file, "utf8"));
  expect(checkpoint.latest.pending_operations ?? []).toEqual([]);
  const urns = checkpoint.latest.resources.map((resource: { urn: string }) => resource.urn);
  expect(new Set(urns).size).toBe(urns.length);
  // Stack, two Pulumi providers, namespace, component, password, secret, eleven config maps.
  expect(urns).toHaveLength(18);
  const again = await runVerbOrFail(
    ["preview", "test", "--json", ...programOptions(name, generation)],
    { environment: environmentOf(name) },
  );
  expect(JSON.parse(again.stdout).changes).toMatchObject({ create: 0, update: 0, delete: 0 });
}

function end(pid: number) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It had already ended: the moment was after the run.
  }
}

type Moment = "before it acts" | "before it answers";

interface Proxy {
  readonly kubeconfig: string;
  /** At the nth changing call from now, at this moment: `action`, and no answer. */
  onCall(count: number, moment: Moment, action: () => void): void;
  fired(): boolean;
  /** Changing calls since the start. */
  calls(): number;
  close(): Promise<void>;
}

async function startProxy(target: TestApiServer): Promise<Proxy> {
  const config = parse(await readFile(target.kubeconfig, "utf8"));
  const token: string = config.users[0].user.token;
  const ca = config.clusters[0].cluster["certificate-authority-data"];
  const dispatcher = new Agent({
    connect: ca === undefined ? { rejectUnauthorized: false } : { ca: Buffer.from(ca, "base64") },
  });
  let plan: { left: number; moment: Moment; action: () => void } | undefined;
  let fired = false;
  let calls = 0;
  const server = http.createServer(async (incoming, outgoing) => {
    const changing = !["GET", "HEAD"].includes(incoming.method ?? "");
    if (changing) calls += 1;
    const hit = changing && plan !== undefined && --plan.left === 0 ? plan : undefined;
    if (hit?.moment === "before it acts") return fire(hit);
    const answer = await request(`${target.server}${incoming.url}`, {
      dispatcher,
      method: (incoming.method ?? "GET") as "GET",
      headers: {
        ...(incoming.headers["content-type"] === undefined
          ? {}
          : { "content-type": incoming.headers["content-type"] }),
        accept: String(incoming.headers["accept"] ?? "application/json"),
        authorization: `Bearer ${token}`,
      },
      body: changing ? incoming : null,
    }).catch((error: Error) => error);
    if (hit !== undefined) return fire(hit);
    if (answer instanceof Error) return void outgoing.destroy();
    outgoing.writeHead(answer.statusCode, {
      "content-type": String(answer.headers["content-type"] ?? "application/json"),
    });
    answer.body.on("error", () => outgoing.destroy());
    outgoing.on("error", () => answer.body.destroy());
    answer.body.pipe(outgoing);
  });
  const fire = (hit: { action: () => void }) => {
    plan = undefined;
    fired = true;
    hit.action();
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const cluster = { name: "c", cluster: { server: `http://127.0.0.1:${port}` } };
  return {
    kubeconfig: JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [cluster],
      users: [{ name: "u", user: {} }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    }),
    onCall: (count, moment, action) => {
      fired = false;
      plan = { left: count, moment, action };
    },
    fired: () => fired,
    calls: () => calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await dispatcher.close();
    },
  };
}
