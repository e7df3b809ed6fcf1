/**
 * The rights and the guard of fine-tuning before a real API server: the gateway's own manifest from our
 * template is taken under restricted pod security, and everything that a stolen token of the gateway
 * might rather do in the patients' namespace is refused.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FineTuning as FineTuningJob } from "../gateway-image/src/fine-tuning/fine-tuning.ts";
import { jobManifest, templateSchema } from "../gateway-image/src/fine-tuning/job-template.ts";
import { type Loose, named } from "../stacks/test-objects.ts";
import type { Program } from "../stacks/test-program.ts";
import { silentProgress } from "../tools/base/progress.ts";
import { ensureBinaries } from "../tools/cluster/binaries.ts";
import {
  startTestApiServer,
  type TestApiServer,
} from "../tools/engine/providers/kubernetes/test-api-server.ts";
import { FineTuning } from "./fine-tuning.ts";
import { Namespaces } from "./namespaces.ts";
import { make } from "./test-program.ts";

const NAMESPACE = "deepseek-patient";
const IMAGE = "registry.hospital.internal/trainer:1";
const VOLUME = { storage: "1Gi", storageClass: undefined, onDestroy: "retain" as const };
const ID = "ftjob-0123456789abcdef01234567";
const SOON_MS = 60_000;

let cluster: TestApiServer;
let program: Program;
let folder: string;
let kubeconfig: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "fine-tuning-"));
  program = await make(() => {
    new Namespaces("namespaces", { names: ["deepseek", NAMESPACE] });
    new FineTuning("fine-tuning", {
      namespace: NAMESPACE,
      gatewayNamespace: "deepseek",
      settings: {
        image: IMAGE,
        command: ["/trainer"],
        gpuProduct: "NVIDIA-A100-SXM4-80GB",
        gpus: 1,
        resources: { cpu: "1", memory: "8Gi" },
        sharedMemory: "1Gi",
        longestHours: 4,
      },
      volumes: { datasets: VOLUME, models: VOLUME, output: VOLUME },
    });
    return {};
  });
  const { kube } = await ensureBinaries({ progress: silentProgress });
  cluster = await startTestApiServer(kube);
  const objects = program.resources
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ inputs }) => inputs);
  const first = objects.filter(({ kind }) => kind === "Namespace");
  const apply = ["apply", "--server-side", "--validate=strict", "--filename", "-"];
  await cluster.kubectl(apply, list(first));
  await cluster.kubectl(apply, list(objects));
  const token = (
    await cluster.kubectl(["create", "token", "gateway", "--namespace", "deepseek"])
  ).trim();
  kubeconfig = path.join(folder, "kubeconfig");
  await writeFile(kubeconfig, JSON.stringify(configurationOf(token)), { mode: 0o600 });
  // The policy is in force some moments after it is there.
  const secret = withVolume({ secret: { secretName: "patients" } });
  const deadline = Date.now() + SOON_MS;
  for (let answer = ""; !/denied request/.test(answer); answer = await create(secret)) {
    if (Date.now() > deadline) throw new Error(`the guard is not in force: ${answer}`);
    await sleep(500);
  }
}, 1_200_000);

afterAll(async () => {
  await cluster?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

function list(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

function configurationOf(token: string): object {
  const server = { server: cluster.server, "insecure-skip-tls-verify": true };
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: server }],
    users: [{ name: "gateway", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "gateway" } }],
    "current-context": "test",
  };
}

/** As the gateway makes it. */
function manifest(): Loose {
  const text = named("ConfigMap", "gateway-fine-tuning", program).data["template.json"];
  const job = {
    id: ID,
    tenant: "hospital",
    detail: {
      model: "deepseek-llm-7b-chat",
      trainingFile: "records-2026.jsonl",
      validationFile: null,
      suffix: "ward-7",
      method: { type: "supervised", hyperparameters: {} },
      seed: 7,
    },
  } as unknown as FineTuningJob;
  return jobManifest(templateSchema.parse(JSON.parse(text)), job);
}

function withSpec(change: object): Loose {
  const made = manifest();
  Object.assign(made.spec.template.spec, change);
  return made;
}

function withVolume(source: object): Loose {
  const made = manifest();
  made.spec.template.spec.volumes.push({ name: "x", ...source });
  return made;
}

function withContainer(change: object): Loose {
  const made = manifest();
  Object.assign(made.spec.template.spec.containers[0], change);
  return made;
}

function withLabels(change: object): Loose {
  const made = manifest();
  Object.assign(made.spec.template.metadata.labels, change);
  return made;
}

/** With the gateway's token; what the API server answers, whichever it is. */
async function asGateway(words: readonly string[], input = ""): Promise<string> {
  const config = ["--kubeconfig", kubeconfig, "--namespace", NAMESPACE];
  return cluster.kubectl([...config, ...words], input).then(
    (answer) => answer.trim(),
    (error: unknown) => String(error),
  );
}

function create(job: object): Promise<string> {
  return asGateway(["create", "--dry-run=server", "--filename", "-"], JSON.stringify(job));
}

describe("the gateway's account", () => {
  test("makes a Job of the template, and its pod is admitted under restricted pod security", async () => {
    expect(await create(manifest())).toContain("created");
    const { spec, metadata } = manifest().spec.template;
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...metadata, name: "as-the-job-controller-makes-it", namespace: NAMESPACE },
      spec,
    };
    const answer = await cluster.kubectl(
      ["create", "--dry-run=server", "-f", "-"],
      JSON.stringify(pod),
    );
    expect(answer).not.toMatch(/would violate/i);
  });

  test.each<[string, () => object, RegExp]>([
    ["another image", () => withContainer({ image: "busybox" }), /the image is the template's/],
    [
      "a second container",
      () => {
        const made = manifest();
        made.spec.template.spec.containers.push({ name: "x", image: IMAGE });
        return made;
      },
      /there is no other container/,
    ],
    [
      "a container before",
      () => withSpec({ initContainers: [{ name: "x", image: IMAGE }] }),
      /there is no other container/,
    ],
    [
      "a Secret as a volume",
      () => withVolume({ secret: { secretName: "patients-patients" } }),
      /volumes are the template's claims/,
    ],
    [
      "a token as a volume",
      () => withVolume({ projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }),
      /volumes are the template's claims/,
    ],
    [
      "the database's claim",
      () => withVolume({ persistentVolumeClaim: { claimName: "patients-1" } }),
      /volumes are the template's claims/,
    ],
    [
      "a Secret as a variable",
      () =>
        withContainer({
          env: [{ name: "X", valueFrom: { secretKeyRef: { name: "patients", key: "x" } } }],
        }),
      /variables hold values/,
    ],
    [
      "Secrets as variables",
      () => withContainer({ envFrom: [{ secretRef: { name: "patients" } }] }),
      /variables hold values/,
    ],
    [
      "another account",
      () => withSpec({ serviceAccountName: "patients" }),
      /without an identity in the cluster/,
    ],
    [
      "a token of its account",
      () => withSpec({ automountServiceAccountToken: true }),
      /without an identity in the cluster/,
    ],
    [
      "a label that opens a wall",
      () => withLabels({ "cnpg.io/cluster": "patients" }),
      /labels are those of fine-tuning/,
    ],
    [
      "another program's label",
      () => withLabels({ "app.kubernetes.io/name": "gateway" }),
      /labels are those of fine-tuning/,
    ],
  ])("makes none with %s", async (_what, job, reason) => {
    const answer = await create(job());
    expect(answer).toMatch(/denied request/);
    expect(answer).toMatch(reason);
  });

  test("may do nothing else there, and nothing elsewhere", async () => {
    const may = async (...words: string[]) =>
      (await asGateway(["auth", "can-i", ...words])).split("\n").at(-1) === "yes";
    for (const allowed of [
      ["create", "jobs"],
      ["get", "jobs"],
      ["delete", "jobs"],
      ["list", "pods"],
    ]) {
      expect([allowed, await may(...allowed)]).toEqual([allowed, true]);
    }
    for (const denied of [
      ["list", "jobs"],
      ["update", "jobs"],
      ["get", "pods"],
      ["get", "pods/log"],
      ["create", "pods"],
      ["create", "pods/exec"],
      ["get", "secrets"],
      ["list", "secrets"],
      ["get", "persistentvolumeclaims"],
      ["create", "jobs", "--namespace", "deepseek"],
      ["list", "pods", "--namespace", "deepseek"],
    ]) {
      expect([denied, await may(...denied)]).toEqual([denied, false]);
    }
  });
});

test("people with rights of their own are not held to the template", async () => {
  const job = withContainer({ image: "another:1" });
  job.metadata.namespace = NAMESPACE;
  const answer = await cluster.kubectl(
    ["create", "--dry-run=server", "-f", "-"],
    JSON.stringify(job),
  );
  expect(answer).toContain("created");
});
