/** Waits of every kind against the real controllers, with a played kubelet. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InitializationError } from "../../provider.ts";
import type { PropertyMap } from "../../values.ts";
import { field } from "./kube-object.ts";
import {
  CONFIG_MAP,
  type Contract,
  configMap,
  DEPLOYMENT,
  deployment,
  SERVICE,
  startContract,
  story,
  thrown,
} from "./test-contract.ts";
import { fakeKubelet, RUNNING } from "./test-stack.ts";

let contract: Contract;

beforeAll(async () => {
  contract = await startContract(process.env.KUBE_BINARY);
});

afterAll(async () => {
  await contract?.stop();
});

describe("waits", () => {
  test("a Deployment is ready when its pods are, and says how far it is", async () => {
    const said: string[] = [];
    const kubelet = fakeKubelet(contract.server, "default", "app=web", RUNNING);
    const made = await contract.stack.create(DEPLOYMENT, "web", deployment("web", 2), {
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
    const exposed = await contract.stack.create(SERVICE, "web", service, { timeoutMs: 30_000 });
    await contract.stack.delete(exposed);
    await contract.stack.delete(made, { timeoutMs: 30_000 });
    await kubelet.stop();
    expect(await contract.server.kubectl(["get", "pods", "-l", "app=web", "-o", "name"])).toBe("");
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
    const kubelet = fakeKubelet(contract.server, "default", "app=broken", status);
    const error = await thrown(
      contract.stack.create(DEPLOYMENT, "broken", deployment("broken"), { timeoutMs: 5_000 }),
    );
    expect(error).toBeInstanceOf(InitializationError);
    const { id, outputs, reasons } = error as InitializationError;
    expect(id).toBe("default/broken");
    expect(reasons.join("\n")).toMatch(/not ready after 5 s[\s\S]*ImagePullBackOff.*no such image/);
    const inputs = await contract.stack.check(DEPLOYMENT, "broken", deployment("broken"));
    await contract.stack.delete(
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
      const made = await contract.stack.create(SERVICE, `plain-${index}`, inputs, {
        timeoutMs: 10_000,
      });
      await contract.stack.delete(made);
    }
  });

  test("cancelling a wait keeps the object in the state", async () => {
    const stop = new AbortController();
    const report = (text: string) => {
      if (text.includes("replicas")) stop.abort();
    };
    const error = await thrown(
      contract.stack.create(DEPLOYMENT, "cut", deployment("cut"), { signal: stop.signal, report }),
    );
    expect(error).toBeInstanceOf(InitializationError);
    expect(error.message).toMatch(/cancelled/);
    await contract.server.kubectl(["delete", "deployment", "cut"]);
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
    const good = fakeKubelet(contract.server, "default", "job-name=good", {
      phase: "Succeeded",
      conditions: [],
    });
    const made = await contract.stack.create("kubernetes:batch/v1:Job", "good", job("good"), {
      timeoutMs: 30_000,
    });
    await contract.stack.delete(made, { timeoutMs: 30_000 });
    await good.stop();
    const bad = fakeKubelet(contract.server, "default", "job-name=bad", {
      phase: "Failed",
      conditions: [],
    });
    const error = await thrown(
      contract.stack.create("kubernetes:batch/v1:Job", "bad", job("bad"), { timeoutMs: 30_000 }),
    );
    await bad.stop();
    expect(error.message).toMatch(/BackoffLimitExceeded/);
    await contract.server.kubectl(["delete", "job", "bad"]);
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
    const madeClass = await contract.stack.create(
      "kubernetes:storage.k8s.io/v1:StorageClass",
      "later",
      later,
    );
    const made = await contract.stack.create(type, "first", claim("first", "later"), {
      timeoutMs: 10_000,
    });
    const error = await thrown(
      contract.stack.create(type, "second", claim("second", "missing"), { timeoutMs: 2_000 }),
    );
    expect(error.message).toMatch(/no StorageClass missing/);
    await contract.stack.delete(made);
    await contract.stack.delete(madeClass);
    await contract.server.kubectl(["delete", "pvc", "second"]);
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
      contract.stack.create(
        "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
        "gadgets",
        definition,
      ),
      contract.stack.create("kubernetes:example.org/v1:Gadget", "g", gadget),
    ]);
    expect(field(object.outputs, "spec", "size")).toBe(3);
    expect((await contract.stack.read(made))?.inputs).toEqual(made.inputs);
    await contract.stack.delete(object);
    await contract.stack.delete(made);
    await contract.stack.delete(object);
  });

  test("a deletion waits for finalizers and says so", async () => {
    const inputs = {
      ...configMap({}, "held"),
      metadata: { name: "held", finalizers: ["example.org/hold"] },
    };
    const made = await contract.stack.create(CONFIG_MAP, "held", inputs);
    const said: string[] = [];
    const error = await thrown(
      contract.stack.delete(made, { timeoutMs: 2_000, report: (text) => said.push(text) }),
    );
    expect(story(error)).toMatch(/not gone after 2 s: waiting for finalizer example.org\/hold/);
    const going = contract.stack.delete(made, { timeoutMs: 20_000 });
    await contract.server.kubectl([
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
    const going = contract.stack.create(DEPLOYMENT, "patient", deployment("patient"), {
      timeoutMs: 90_000,
      report: (text) => said.push(text),
    });
    await expect.poll(() => said.length, { timeout: 20_000 }).toBeGreaterThan(0);
    await contract.server.killApiServer();
    await contract.server.startApiServer();
    const kubelet = fakeKubelet(contract.server, "default", "app=patient", RUNNING);
    const made = await going;
    expect(field(made.outputs, "status", "readyReplicas")).toBe(1);
    await contract.stack.delete(made, { timeoutMs: 60_000 });
    await kubelet.stop();
  });
});
