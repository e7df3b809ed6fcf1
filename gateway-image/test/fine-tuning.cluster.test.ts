/**
 * Fine-tuning before a real API server, its controllers and its rights: the gateway's account has
 * what the README asks for and no more. There is no node: the test plays the kubelet.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import OpenAI from "openai";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { silentProgress } from "../../tools/base/progress.ts";
import { ensureBinaries } from "../../tools/cluster/binaries.ts";
import {
  startTestApiServer,
  type TestApiServer,
} from "../../tools/engine/providers/kubernetes/test-api-server.ts";
import { owner, startTraining, WANTED } from "./test-fine-tuning.ts";
import { endAll, temporaryFolder } from "./test-harness.ts";

const NAMESPACE = "hospital";
/** A look at a job every ten seconds, on a busy machine. */
const SOON = { timeout: 90_000, interval: 250 };
let cluster: TestApiServer;

beforeAll(async () => {
  const { kube } = await ensureBinaries({ progress: silentProgress });
  cluster = await startTestApiServer(kube);
  const metadata = (name: string) => ({ name, namespace: NAMESPACE });
  await apply(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata("gateway") },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata("nobody") },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: metadata("gateway"),
      rules: [
        { apiGroups: ["batch"], resources: ["jobs"], verbs: ["create", "get", "delete"] },
        { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: metadata("gateway"),
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "gateway" },
      subjects: [{ kind: "ServiceAccount", name: "gateway", namespace: NAMESPACE }],
    },
  );
}, 1_200_000);
afterEach(endAll);
afterAll(() => cluster?.stop());

const TEMPLATE = {
  apiVersion: "batch/v1",
  kind: "Job",
  spec: {
    backoffLimit: 0,
    template: {
      spec: { restartPolicy: "Never", containers: [{ name: "train", image: "trainer:1" }] },
    },
  },
};

function apply(...items: object[]): Promise<string> {
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  return cluster.kubectl(["apply", "-f", "-"], list);
}

async function start(account = "gateway") {
  const folder = temporaryFolder();
  const write = (name: string, text: string) => {
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const certificates = path.join(path.dirname(cluster.kubeconfig), "certificates");
  write("ca.crt", readFileSync(path.join(certificates, "apiserver.crt"), "utf8"));
  write("token", await cluster.kubectl(["create", "token", account, "-n", NAMESPACE]));
  write("namespace", NAMESPACE);
  const { harness } = await startTraining({
    GW_FINE_TUNING: "kubernetes",
    GW_FINE_TUNING_TEMPLATE_FILE: write("template.json", JSON.stringify(TEMPLATE)),
    GW_KUBERNETES_URL: cluster.server,
    GW_KUBERNETES_FOLDER: folder,
  });
  const client = new OpenAI({ apiKey: owner, baseURL: `${harness.base}/v1`, maxRetries: 0 });
  return { jobs: client.fineTuning.jobs, harness };
}

const nameOf = (id: string) => id.replace("ftjob-", "ft-");

async function found(kind: string, selector: string): Promise<Record<string, unknown>[]> {
  const text = await cluster.kubectl(["get", kind, "-n", NAMESPACE, "-l", selector, "-o", "json"]);
  return (JSON.parse(text) as { items: Record<string, unknown>[] }).items;
}
const podsOf = (id: string) => found("pods", `app.kubernetes.io/instance=${nameOf(id)}`);
const jobsOf = (id: string) => found("jobs", `app.kubernetes.io/instance=${nameOf(id)}`);

/** As a kubelet would say it. */
async function podIs(id: string, status: object): Promise<void> {
  await expect.poll(async () => (await podsOf(id)).length, SOON).toBe(1);
  const [pod] = (await podsOf(id)) as { metadata: { name: string } }[];
  const patch = JSON.stringify({ status });
  const words = ["patch", "pod", pod?.metadata.name ?? "", "-n", NAMESPACE, "--type=merge"];
  await cluster.kubectl([...words, "--subresource=status", "-p", patch]);
}

const RUNNING = {
  phase: "Running",
  conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }],
};
const container = (exitCode: number, message: string) => ({
  name: "train",
  ready: false,
  restartCount: 0,
  image: "trainer:1",
  imageID: "",
  state: { terminated: { exitCode, message } },
});

test("a job is a Job, runs, and ends with what its program told", async () => {
  const { jobs } = await start();
  const { id } = await jobs.create({ ...WANTED, suffix: "ward-7" });
  await expect.poll(async () => (await jobs.retrieve(id)).status, SOON).toBe("queued");
  const [job] = await jobsOf(id);
  expect(job).toMatchObject({
    metadata: { name: nameOf(id), annotations: { "fine-tuning.deepseek/tenant": "hospital" } },
  });
  expect(JSON.stringify(job)).toContain('{"name":"TRAINING_FILE","value":"records-2026.jsonl"}');
  await podIs(id, RUNNING);
  await expect.poll(async () => (await jobs.retrieve(id)).status, SOON).toBe("running");
  const message = '{"fine_tuned_model":"ft:7b:ward-7","trained_tokens":4242}';
  await podIs(id, {
    phase: "Succeeded",
    conditions: [],
    containerStatuses: [container(0, message)],
  });
  await expect.poll(async () => (await jobs.retrieve(id)).status, SOON).toBe("succeeded");
  expect(await jobs.retrieve(id)).toMatchObject({
    fine_tuned_model: "ft:7b:ward-7",
    trained_tokens: 4242,
  });
}, 300_000);

test("a program that fails tells why", async () => {
  const { jobs } = await start();
  const { id } = await jobs.create(WANTED);
  const message = '{"error":{"code":"bad_line","message":"Line 3.","param":"training_file"}}';
  await podIs(id, { phase: "Failed", containerStatuses: [container(1, message)] });
  await expect.poll(async () => (await jobs.retrieve(id)).status, SOON).toBe("failed");
  expect((await jobs.retrieve(id)).error).toMatchObject({ code: "bad_line", message: "Line 3." });
}, 300_000);

test("a cancelled one is gone from the cluster, with its pods; one deleted by hand has failed", async () => {
  const { jobs } = await start();
  const [first, second] = [await jobs.create(WANTED), await jobs.create(WANTED)];
  for (const { id } of [first, second]) await podIs(id, RUNNING);
  await jobs.cancel(first.id);
  await expect.poll(() => jobsOf(first.id), SOON).toEqual([]);
  // Pods without a node are removed by nobody else; that they are marked is the cluster's part.
  await expect
    .poll(async () => {
      const pods = (await podsOf(first.id)) as { metadata: { deletionTimestamp?: string } }[];
      return pods.every(({ metadata }) => metadata.deletionTimestamp !== undefined);
    }, SOON)
    .toBe(true);
  await expect.poll(async () => (await jobs.retrieve(second.id)).status, SOON).toBe("running");
  await cluster.kubectl(["delete", "job", nameOf(second.id), "-n", NAMESPACE, "--wait=false"]);
  await expect.poll(async () => (await jobs.retrieve(second.id)).status, SOON).toBe("failed");
  expect((await jobs.retrieve(second.id)).error?.code).toBe("removed");
}, 300_000);

test("a gateway without rights begins nothing, and its callers learn no reason of the cluster's", async () => {
  const { jobs } = await start("nobody");
  const { id } = await jobs.create(WANTED);
  await expect.poll(async () => (await jobs.retrieve(id)).status, SOON).toBe("failed");
  const { error } = await jobs.retrieve(id);
  expect(error?.code).toBe("not_begun");
  expect(JSON.stringify(error)).not.toMatch(/forbidden|serviceaccount/i);
  expect(await jobsOf(id)).toEqual([]);
}, 300_000);

test("an API server that goes and comes costs nothing, and none is begun a second time", async () => {
  const { jobs } = await start();
  const { id } = await jobs.create(WANTED);
  await podIs(id, RUNNING);
  await cluster.killApiServer();
  await cluster.startApiServer();
  await expect.poll(async () => (await jobs.retrieve(id)).status, SOON).toBe("running");
  expect(await jobsOf(id)).toHaveLength(1);
}, 300_000);
