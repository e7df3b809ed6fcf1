/** The Pulumi provider against a real API server and its controllers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentProgress } from "../../../base/progress.ts";
import { UserError } from "../../../base/user-error.ts";
import { ensureBinaries } from "../../../cluster/binaries.ts";
import { InitializationError, type Provider } from "../../provider.ts";
import { isSecret, type PropertyMap, revealMap, secret, UNKNOWN } from "../../values.ts";
import { field } from "./kube-object.ts";
import { createKubernetesProvider } from "./provider.ts";
import { startTestApiServer, type TestApiServer } from "./test-api-server.ts";
import { fakeKubelet, RUNNING, type TestStack, testStack, urnOf } from "./test-stack.ts";

let server: TestApiServer;
let provider: Provider;
let stack: TestStack;

async function newProvider(config: PropertyMap = {}): Promise<Provider> {
  const created = createKubernetesProvider({ environment: { KUBECONFIG: server.kubeconfig } });
  await created.configure(config);
  return created;
}

beforeAll(async () => {
  const kube = process.env.KUBE_BINARY ?? (await ensureBinaries({ progress: silentProgress })).kube;
  server = await startTestApiServer(kube);
  provider = await newProvider();
  stack = testStack(provider);
});

afterAll(async () => {
  await provider?.close();
  await server?.stop();
});

const CONFIG_MAP = "kubernetes:core/v1:ConfigMap";
const SECRET = "kubernetes:core/v1:Secret";
const SERVICE = "kubernetes:core/v1:Service";
const DEPLOYMENT = "kubernetes:apps/v1:Deployment";

function configMap(data: Record<string, string>, name?: string): PropertyMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: name === undefined ? {} : { name },
    data,
  };
}

function deployment(name: string, replicas = 1, extra: PropertyMap = {}): PropertyMap {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "main", image: "example/none:1" }] },
      },
      ...extra,
    },
  };
}

async function live(kind: string, name: string, namespace = "default"): Promise<PropertyMap> {
  return JSON.parse(await server.kubectl(["get", kind, name, "-n", namespace, "-o", "json"]));
}

async function thrown(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

function story(error: Error): string {
  return error instanceof UserError ? `${error.message} | ${error.fix}` : error.message;
}

describe("create, update, refresh, delete", () => {
  test("an unnamed object is named, recorded as the real one records it, and refreshed without drift", async () => {
    const made = await stack.create(CONFIG_MAP, "settings", configMap({ a: "1" }));
    expect(made.id).toMatch(/^default\/settings-[0-9a-f]{8}$/);
    expect(made.outputs.__fieldManager).toMatch(/^pulumi-kubernetes-[0-9a-f]{8}$/);
    expect(made.outputs.__initialApiVersion).toBe("v1");
    expect(made.outputs.__inputs).toEqual(made.inputs);
    expect(field(made.outputs, "metadata", "annotations", "pulumi.com/autonamed")).toBe("true");
    const again = await stack.read(made);
    expect(again?.inputs).toEqual(made.inputs);
    await stack.delete(made);
    expect(await stack.read(made)).toBeUndefined();
    await stack.delete(made);
  });

  test("a field that leaves the program leaves the cluster", async () => {
    const mutable = await newProvider({ enableConfigMapMutable: "true" });
    const own = testStack(mutable);
    const made = await own.create(CONFIG_MAP, "shrinks", configMap({ a: "1", b: "2" }, "shrinks"));
    const diff = await own.diff(made, configMap({ a: "1" }, "shrinks"));
    expect(diff).toMatchObject({
      replaces: [],
      basis: "cluster",
      changes: { "data.b": { kind: "delete" } },
    });
    const updated = await own.update(made, configMap({ a: "1" }, "shrinks"));
    expect((await live("configmap", "shrinks")).data).toEqual({ a: "1" });
    await own.delete(updated);
    await mutable.close();
  });

  test("changed contents replace a ConfigMap, as in the real provider", async () => {
    const made = await stack.create(CONFIG_MAP, "content", configMap({ a: "1" }, "content"));
    const diff = await stack.diff(made, configMap({ a: "2" }, "content"));
    expect(diff).toMatchObject({ replaces: ["data.a"], deleteBeforeReplace: true });
    await stack.delete(made);
  });

  test("drift is seen by a refresh", async () => {
    const made = await stack.create(CONFIG_MAP, "drift", configMap({ a: "1" }, "drift"));
    await server.kubectl([
      "patch",
      "configmap",
      "drift",
      "--type=merge",
      "-p",
      '{"data":{"a":"9"}}',
    ]);
    const read = await stack.read(made);
    expect(field(read?.inputs, "data", "a")).toBe("9");
    await stack.delete(made);
  });

  test("quantities in another writing and stringData are no drift", async () => {
    const quota = {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "quota" },
      spec: { hard: { "limits.cpu": "1000m", "limits.memory": "1024Mi" } },
    };
    const made = await stack.create("kubernetes:core/v1:ResourceQuota", "quota", quota);
    expect((await stack.read(made))?.inputs).toEqual(made.inputs);
    await stack.delete(made);
    const password = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "password" },
      stringData: { user: "me", word: "s3cret-word" },
    };
    const kept = await stack.create(SECRET, "password", password);
    expect(isSecret(kept.outputs.data)).toBe(true);
    expect(isSecret(kept.inputs.stringData)).toBe(true);
    expect(JSON.stringify(revealMap(kept.outputs).data)).toContain("czNjcmV0");
    expect((await stack.read(kept))?.inputs).toEqual(kept.inputs);
    await stack.delete(kept);
  });

  test("`get` reads an object that is not ours", async () => {
    const inputs = {};
    const type = "kubernetes:core/v1:Namespace";
    const got = await stack.read({ type, name: "sys", id: "kube-system", inputs, outputs: {} });
    expect(got?.outputs.kind).toBe("Namespace");
    expect(field(got?.inputs, "metadata", "uid")).toBeUndefined();
  });
});

describe("preview", () => {
  test("asks the API server, and leaves unknown what only an update decides", async () => {
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "previewed" },
      spec: { selector: { app: "x" }, ports: [{ port: 80 }] },
    };
    const { id, outputs } = await stack.preview(SERVICE, "previewed", service);
    expect(id).toBe("");
    expect(field(outputs, "spec", "clusterIP")).toBe(UNKNOWN);
    expect(field(outputs, "spec", "ports", 0, "protocol")).toBe("TCP");
    expect(outputs.status).toBe(UNKNOWN);
    await expect(live("service", "previewed")).rejects.toThrow("NotFound");
  });

  test("a planned namespace is no fault, a misspelt field in it is", async () => {
    const inputs = { ...configMap({ a: "1" }), metadata: { name: "x", namespace: "planned" } };
    const { outputs } = await stack.preview(CONFIG_MAP, "planned", inputs);
    expect(field(outputs, "metadata", "uid")).toBe(UNKNOWN);
    const wrong = { ...inputs, dta: { a: "1" } };
    const error = await thrown(stack.preview(CONFIG_MAP, "wrong", wrong));
    expect(story(error)).toMatch(/dta/);
    expect((error as UserError).exitCode).toBe(2);
  });

  test("unknown values and kinds still to come are echoed", async () => {
    const unknown = await stack.preview(CONFIG_MAP, "u", {
      ...configMap({}),
      data: { a: UNKNOWN },
    });
    expect(field(unknown.outputs, "data", "a")).toBe(UNKNOWN);
    const custom = {
      apiVersion: "example.org/v1",
      kind: "Widget",
      metadata: { name: "w" },
      spec: {},
    };
    const echoed = await stack.preview("kubernetes:example.org/v1:Widget", "w", custom);
    expect(echoed.outputs.kind).toBe("Widget");
  });

  test("an unserved version of a built-in kind is refused", async () => {
    const old = {
      apiVersion: "policy/v1beta1",
      kind: "PodDisruptionBudget",
      metadata: { name: "p" },
      spec: {},
    };
    const error = await thrown(
      stack.preview("kubernetes:policy/v1beta1:PodDisruptionBudget", "p", old),
    );
    expect(story(error)).toMatch(/serves no policy\/v1beta1 PodDisruptionBudget/);
  });
});

describe("what may not be done in place", () => {
  async function replaced(
    type: string,
    before: PropertyMap,
    after: PropertyMap,
  ): Promise<readonly string[]> {
    const name = String(field(before, "metadata", "name"));
    const skip = { ...before, metadata: { name, annotations: { "pulumi.com/skipAwait": "true" } } };
    const then = { ...after, metadata: { name, annotations: { "pulumi.com/skipAwait": "true" } } };
    const made = await stack.create(type, name, skip);
    const diff = await stack.diff(made, then);
    expect(diff.basis).toBe("cluster");
    expect(diff.deleteBeforeReplace).toBe(diff.replaces.length > 0);
    await stack.delete(made, { timeoutMs: 20_000 });
    return diff.replaces;
  }

  test("Deployment: the selector, not the replicas", async () => {
    const other = deployment("sel", 2);
    const selector = { matchLabels: { app: "sel", more: "x" } };
    const labels = { metadata: { labels: { app: "sel", more: "x" } } };
    const template = { ...(field(other, "spec", "template") as PropertyMap), ...labels };
    const after = { ...other, spec: { ...(other.spec as PropertyMap), selector, template } };
    expect(await replaced(DEPLOYMENT, deployment("sel"), after)).toEqual([
      "spec.selector.matchLabels.more",
    ]);
    expect(await replaced(DEPLOYMENT, deployment("rep"), deployment("rep", 3))).toEqual([]);
  });

  test("Service clusterIP", async () => {
    const service = (clusterIP: string) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "ip" },
      spec: { clusterIP, ports: [{ port: 80 }] },
    });
    expect(await replaced(SERVICE, service("10.255.0.77"), service("10.255.0.78"))).toEqual([
      "spec.clusterIP",
    ]);
  });

  test("Job template", async () => {
    const job = (image: string) => ({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "job" },
      spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image }] } } },
    });
    const paths = await replaced("kubernetes:batch/v1:Job", job("example/a:1"), job("example/a:2"));
    expect(paths).toEqual(["spec.template.spec.containers[0].image"]);
  });

  test("PersistentVolumeClaim, StatefulSet, RoleBinding, Secret type, StorageClass", async () => {
    const claim = (storageClassName: string) => ({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "claim" },
      spec: {
        storageClassName,
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "1Gi" } },
      },
    });
    expect(
      await replaced("kubernetes:core/v1:PersistentVolumeClaim", claim("a"), claim("b")),
    ).toEqual(["spec.storageClassName"]);
    const set = (serviceName: string, replicas: number) => ({
      ...deployment("set", replicas),
      kind: "StatefulSet",
      spec: { ...(deployment("set", replicas).spec as PropertyMap), serviceName },
    });
    expect(await replaced("kubernetes:apps/v1:StatefulSet", set("a", 1), set("b", 2))).toEqual([
      "spec.serviceName",
    ]);
    const binding = (name: string) => ({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "binding" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [],
    });
    const bindingType = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding";
    expect(await replaced(bindingType, binding("view"), binding("edit"))).toEqual(["roleRef.name"]);
    const typed = (type: string) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "typed" },
      type,
    });
    expect(await replaced(SECRET, typed("example/a"), typed("example/b"))).toEqual(["type"]);
    const storage = (provisioner: string) => ({
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: "class" },
      provisioner,
    });
    const classType = "kubernetes:storage.k8s.io/v1:StorageClass";
    expect(await replaced(classType, storage("example.org/a"), storage("example.org/b"))).toEqual([
      "provisioner",
    ]);
  });
});

describe("ownership", () => {
  test("a conflict names the manager and the field, patchForce takes it", async () => {
    const made = await stack.create(DEPLOYMENT, "owned", deployment("owned", 0));
    await server.kubectl(["scale", "deployment", "owned", "--replicas=2"]);
    const file = JSON.stringify({ ...deployment("owned", 2), spec: { replicas: 2 } });
    await server
      .kubectl(
        ["apply", "--server-side", "--force-conflicts", "--field-manager=someone", "-f", "-"],
        JSON.stringify({
          apiVersion: "apps/v1",
          kind: "Deployment",
          metadata: { name: "owned" },
          spec: JSON.parse(file).spec,
        }),
      )
      .catch(() => {});
    const error = await thrown(stack.update(made, deployment("owned", 0, { minReadySeconds: 1 })));
    expect(story(error)).toMatch(/(someone|kubectl) holds \.spec\.replicas.*patchForce/s);
    const forced = deployment("owned", 0, { minReadySeconds: 1 });
    const metadata = { name: "owned", annotations: { "pulumi.com/patchForce": "true" } };
    const updated = await stack.update(made, { ...forced, metadata });
    expect(field(await live("deployment", "owned"), "spec", "replicas")).toBe(0);
    await stack.delete(updated);
  });

  test("ignoreChanges leaves a field to whoever scales", async () => {
    const made = await stack.create(DEPLOYMENT, "scaled", deployment("scaled", 0));
    await server.kubectl([
      "patch",
      "deployment",
      "scaled",
      "--type=merge",
      "-p",
      '{"spec":{"replicas":3}}',
      "--field-manager=autoscaler",
    ]);
    const wanted = deployment("scaled", 0, { minReadySeconds: 1 });
    const metadata = { name: "scaled", annotations: { "pulumi.com/skipAwait": "true" } };
    await stack.diff(made, { ...wanted, metadata }, ["spec.replicas"]);
    const updated = await stack.update(made, { ...wanted, metadata });
    expect(field(await live("deployment", "scaled"), "spec", "replicas")).toBe(3);
    await stack.delete(updated);
  });

  test("an object of someone else is left alone; upsertExistingObjects adopts it", async () => {
    await server.kubectl(["create", "configmap", "foreign", "--from-literal=a=1"]);
    const error = await thrown(
      stack.create(CONFIG_MAP, "foreign", configMap({ a: "2" }, "foreign")),
    );
    expect(story(error)).toMatch(/already exists.*upsertExistingObjects/s);
    expect(
      (await thrown(stack.preview(CONFIG_MAP, "foreign", configMap({ a: "2" }, "foreign"))))
        .message,
    ).toMatch(/already exists/);
    const upsert = await newProvider({ upsertExistingObjects: true, enablePatchForce: true });
    const own = testStack(upsert);
    const adopted = await own.create(CONFIG_MAP, "foreign", configMap({ a: "2" }, "foreign"));
    await own.delete(adopted);
    await upsert.close();
  });

  test("what was applied just before a crash is adopted by the next run", async () => {
    const first = await stack.create(CONFIG_MAP, "crashed", configMap({ a: "1" }, "crashed"));
    const nextRun = await newProvider();
    const second = await testStack(nextRun).create(
      CONFIG_MAP,
      "crashed",
      configMap({ a: "1" }, "crashed"),
    );
    expect(field(second.outputs, "metadata", "uid")).toBe(field(first.outputs, "metadata", "uid"));
    await nextRun.close();
    const error = await thrown(
      stack.create(CONFIG_MAP, "crashed", configMap({ a: "1" }, "crashed")),
    );
    expect(story(error)).toMatch(/deleteBeforeReplace/);
    await stack.delete(second);
  });

  test("what the real provider created is taken over without a conflict", async () => {
    const object = {
      ...configMap({ a: "1" }, "theirs"),
      metadata: { name: "theirs", namespace: "default" },
    };
    await server.kubectl(
      ["create", "-f", "-", "--field-manager=pulumi-kubernetes"],
      JSON.stringify(object),
    );
    const outputs = {
      ...object,
      __inputs: object,
      __fieldManager: "pulumi-kubernetes-0a1b2c3d",
      __initialApiVersion: "v1",
    };
    const mutable = await newProvider({ enableConfigMapMutable: true });
    const own = testStack(mutable);
    const before = {
      type: CONFIG_MAP,
      name: "theirs",
      id: "default/theirs",
      inputs: object,
      outputs,
    };
    const updated = await own.update(before, configMap({ b: "2" }, "theirs"));
    const now = await live("configmap", "theirs");
    expect(now.data).toEqual({ b: "2" });
    expect(updated.outputs.__fieldManager).toBe("pulumi-kubernetes-0a1b2c3d");
    await own.delete(updated);
    await mutable.close();
  });
});

describe("waits", () => {
  test("a Deployment is ready when its pods are, and says how far it is", async () => {
    const said: string[] = [];
    const kubelet = fakeKubelet(server, "default", "app=web", RUNNING);
    const made = await stack.create(DEPLOYMENT, "web", deployment("web", 2), {
      report: (text) => said.push(text),
      timeoutMs: 30_000,
    });
    expect(field(made.outputs, "status", "readyReplicas")).toBe(2);
    expect(said.some((text) => /of 2 replicas/.test(text))).toBe(true);
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web" },
      spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
    };
    const exposed = await stack.create(SERVICE, "web", service, { timeoutMs: 30_000 });
    await stack.delete(exposed);
    await stack.delete(made, { timeoutMs: 30_000 });
    await kubelet.stop();
    expect(await server.kubectl(["get", "pods", "-l", "app=web", "-o", "name"])).toBe("");
  });

  test("a Deployment that does not become ready fails with the reasons, and stays in the state", async () => {
    const status = {
      phase: "Pending",
      conditions: [
        { type: "PodScheduled", status: "True" },
        { type: "Ready", status: "False" },
      ],
      containerStatuses: [
        {
          name: "main",
          ready: false,
          restartCount: 0,
          image: "example/none:1",
          imageID: "",
          state: { waiting: { reason: "ImagePullBackOff", message: "no such image" } },
        },
      ],
    };
    const kubelet = fakeKubelet(server, "default", "app=broken", status);
    const error = await thrown(
      stack.create(DEPLOYMENT, "broken", deployment("broken"), { timeoutMs: 5_000 }),
    );
    expect(error).toBeInstanceOf(InitializationError);
    const { id, outputs, reasons } = error as InitializationError;
    expect(id).toBe("default/broken");
    expect(reasons.join("\n")).toMatch(/not ready after 5 s[\s\S]*ImagePullBackOff.*no such image/);
    const inputs = await stack.check(DEPLOYMENT, "broken", deployment("broken"));
    await stack.delete(
      { type: DEPLOYMENT, name: "broken", id, inputs, outputs },
      { timeoutMs: 30_000 },
    );
    await kubelet.stop();
  });

  test("headless, external and selector-less Services and Services without pods do not wait", async () => {
    const specs: PropertyMap[] = [
      { clusterIP: "None", selector: { app: "nobody" } },
      { type: "ExternalName", externalName: "example.org" },
      { ports: [{ port: 1 }] },
      { selector: { app: "nobody" }, ports: [{ port: 1 }] },
    ];
    for (const [index, spec] of specs.entries()) {
      const inputs = {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: `plain-${index}` },
        spec,
      };
      const made = await stack.create(SERVICE, `plain-${index}`, inputs, { timeoutMs: 10_000 });
      await stack.delete(made);
    }
  });

  test("cancelling a wait keeps the object in the state", async () => {
    const stop = new AbortController();
    const report = (text: string) => {
      if (text.includes("replicas")) stop.abort();
    };
    const error = await thrown(
      stack.create(DEPLOYMENT, "cut", deployment("cut"), { signal: stop.signal, report }),
    );
    expect(error).toBeInstanceOf(InitializationError);
    expect(error.message).toMatch(/cancelled/);
    await server.kubectl(["delete", "deployment", "cut"]);
  });

  test("a finished Job ends its wait, a failed one fails it at once", async () => {
    const job = (name: string) => ({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name },
      spec: {
        backoffLimit: 0,
        template: {
          spec: { restartPolicy: "Never", containers: [{ name: "c", image: "example/a:1" }] },
        },
      },
    });
    const good = fakeKubelet(server, "default", "job-name=good", {
      phase: "Succeeded",
      conditions: [],
    });
    const made = await stack.create("kubernetes:batch/v1:Job", "good", job("good"), {
      timeoutMs: 30_000,
    });
    await stack.delete(made, { timeoutMs: 30_000 });
    await good.stop();
    const bad = fakeKubelet(server, "default", "job-name=bad", { phase: "Failed", conditions: [] });
    const error = await thrown(
      stack.create("kubernetes:batch/v1:Job", "bad", job("bad"), { timeoutMs: 30_000 }),
    );
    await bad.stop();
    expect(error.message).toMatch(/BackoffLimitExceeded/);
    await server.kubectl(["delete", "job", "bad"]);
  });

  test("a claim waits for its volume, or only for its class to say that a pod comes first", async () => {
    const claim = (name: string, storageClassName: string) => ({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name },
      spec: {
        storageClassName,
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "1Gi" } },
      },
    });
    const type = "kubernetes:core/v1:PersistentVolumeClaim";
    const later = {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: "later" },
      provisioner: "kubernetes.io/no-provisioner",
      volumeBindingMode: "WaitForFirstConsumer",
    };
    const madeClass = await stack.create(
      "kubernetes:storage.k8s.io/v1:StorageClass",
      "later",
      later,
    );
    const made = await stack.create(type, "first", claim("first", "later"), { timeoutMs: 10_000 });
    const error = await thrown(
      stack.create(type, "second", claim("second", "missing"), { timeoutMs: 2_000 }),
    );
    expect(error.message).toMatch(/no StorageClass missing/);
    await stack.delete(made);
    await stack.delete(madeClass);
    await server.kubectl(["delete", "pvc", "second"]);
  });

  test("a CRD is served before its objects are created, in any order of the moment", async () => {
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "gadgets.example.org" },
      spec: {
        group: "example.org",
        scope: "Namespaced",
        names: { kind: "Gadget", plural: "gadgets", singular: "gadget", listKind: "GadgetList" },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: "object",
                properties: {
                  spec: { type: "object", x_kubernetes_preserve_unknown_fields: true },
                },
              },
            },
          },
        ],
      },
    };
    const gadget = {
      apiVersion: "example.org/v1",
      kind: "Gadget",
      // The garbage collector learns of a new kind only after half a minute.
      metadata: {
        name: "g",
        annotations: { "pulumi.com/deletionPropagationPolicy": "background" },
      },
      spec: { size: 3 },
    };
    const [made, object] = await Promise.all([
      stack.create(
        "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
        "gadgets",
        definition,
      ),
      stack.create("kubernetes:example.org/v1:Gadget", "g", gadget),
    ]);
    expect(field(object.outputs, "spec", "size")).toBe(3);
    expect((await stack.read(made))?.inputs).toEqual(made.inputs);
    await stack.delete(object);
    await stack.delete(made);
    await stack.delete(object);
  });

  test("a deletion waits for finalizers and says so", async () => {
    const inputs = {
      ...configMap({}, "held"),
      metadata: { name: "held", finalizers: ["example.org/hold"] },
    };
    const made = await stack.create(CONFIG_MAP, "held", inputs);
    const said: string[] = [];
    const error = await thrown(
      stack.delete(made, { timeoutMs: 2_000, report: (text) => said.push(text) }),
    );
    expect(story(error)).toMatch(/not gone after 2 s: waiting for finalizer example.org\/hold/);
    const going = stack.delete(made, { timeoutMs: 20_000 });
    await server.kubectl([
      "patch",
      "configmap",
      "held",
      "--type=json",
      "-p",
      '[{"op":"remove","path":"/metadata/finalizers"}]',
    ]);
    await going;
    expect([...new Set(said)]).toEqual(["waiting for finalizer example.org/hold"]);
  });

  test("an API server that restarts in the middle of a wait is waited for", async () => {
    const said: string[] = [];
    const going = stack.create(DEPLOYMENT, "patient", deployment("patient"), {
      timeoutMs: 90_000,
      report: (text) => said.push(text),
    });
    await expect.poll(() => said.length, { timeout: 20_000 }).toBeGreaterThan(0);
    await server.killApiServer();
    await server.startApiServer();
    const kubelet = fakeKubelet(server, "default", "app=patient", RUNNING);
    const made = await going;
    expect(field(made.outputs, "status", "readyReplicas")).toBe(1);
    await stack.delete(made, { timeoutMs: 60_000 });
    await kubelet.stop();
  });
});

describe("what is told", () => {
  test("no secret is in any text, whatever the API server quotes", async () => {
    const word = "hunter2-is-a-secret-word";
    const short = "qz7";
    const wrong = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "leaky" },
      spec: {
        restartPolicy: secret(word),
        terminationGracePeriodSeconds: 1,
        containers: [{ name: "c", image: "example/a:1", imagePullPolicy: secret(short) }],
      },
    };
    const works = [
      () => stack.preview("kubernetes:core/v1:Pod", "leaky", wrong),
      () => stack.create("kubernetes:core/v1:Pod", "leaky", wrong),
    ];
    for (const work of works) {
      const text = story(await thrown(work()));
      expect(text).toMatch(/restartPolicy/);
      expect(text).not.toContain(word);
      expect(text).not.toContain(short);
    }
    const badData = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "bad" },
      data: { a: "%%%not-base64%%%" },
    };
    expect(story(await thrown(stack.create(SECRET, "bad", badData)))).not.toContain("not-base64");
  });

  test("an unreachable API server and refused credentials are named at once", async () => {
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "gone",
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:9" } }],
      users: [],
      contexts: [{ name: "gone", context: { cluster: "c", user: "" } }],
    };
    const away = createKubernetesProvider({ environment: {} });
    await away.configure({ kubeconfig: JSON.stringify(config) });
    const error = await thrown(testStack(away).create(CONFIG_MAP, "x", configMap({}, "x")));
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).exitCode).toBe(2);
    expect(story(error)).toMatch(/https:\/\/127\.0\.0\.1:9 cannot be reached/);
    expect((error as UserError).where).toMatch(/"gone"/);
    const stranger = createKubernetesProvider({ environment: {} });
    const cluster = { server: server.server, "insecure-skip-tls-verify": true };
    await stranger.configure({
      kubeconfig: JSON.stringify({
        ...config,
        clusters: [{ name: "c", cluster }],
        users: [{ name: "", user: { token: "wrong-token-value" } }],
      }),
    });
    const refused = await thrown(testStack(stranger).create(CONFIG_MAP, "x", configMap({}, "x")));
    expect(story(refused)).toMatch(/does not accept these credentials/);
    expect(story(refused)).not.toContain("wrong-token-value");
    await stranger.close();
  });

  test("an unchanged resource costs no request and next to no time", async () => {
    const offline = createKubernetesProvider({ environment: { KUBECONFIG: "/nonexistent" } });
    await offline.configure({});
    const own = testStack(offline);
    const inputs = { ...deployment("same", 3), metadata: { name: "same", namespace: "default" } };
    const checked = await own.check(DEPLOYMENT, "same", inputs);
    const started = performance.now();
    for (let index = 0; index < 500; index += 1) {
      const diff = await own.diff(
        { type: DEPLOYMENT, name: "same", id: "default/same", inputs: checked, outputs: checked },
        inputs,
      );
      expect(diff.changes).toEqual({});
    }
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(urnOf(DEPLOYMENT, "same")).toContain("Deployment");
  });
});
