/** Objects of a program in a real cluster: made, changed, read back, removed, previewed. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { UserError } from "../../../base/user-error.ts";
import { isSecret, type PropertyMap, revealMap, UNKNOWN } from "../../values.ts";
import { field } from "./kube-object.ts";
import {
  CONFIG_MAP,
  type Contract,
  configMap,
  DEPLOYMENT,
  deployment,
  SECRET,
  SERVICE,
  startContract,
  story,
  thrown,
} from "./test-contract.ts";
import { testStack } from "./test-stack.ts";

let contract: Contract;

beforeAll(async () => {
  contract = await startContract(process.env.KUBE_BINARY);
});

afterAll(async () => {
  await contract?.stop();
});

describe("create, update, refresh, delete", () => {
  test("an unnamed object is named, recorded as the real one records it, and refreshed without drift", async () => {
    const made = await contract.stack.create(CONFIG_MAP, "settings", configMap({ a: "1" }));
    expect(made.id).toMatch(/^default\/settings-[0-9a-f]{8}$/);
    expect(made.outputs.__fieldManager).toMatch(/^pulumi-kubernetes-[0-9a-f]{8}$/);
    expect(made.outputs.__initialApiVersion).toBe("v1");
    expect(made.outputs.__inputs).toEqual(made.inputs);
    expect(field(made.outputs, "metadata", "annotations", "pulumi.com/autonamed")).toBe("true");
    const again = await contract.stack.read(made);
    expect(again?.inputs).toEqual(made.inputs);
    await contract.stack.delete(made);
    expect(await contract.stack.read(made)).toBeUndefined();
    await contract.stack.delete(made);
  });

  test("a field that leaves the program leaves the cluster", async () => {
    const mutable = await contract.newProvider({ enableConfigMapMutable: "true" });
    const own = testStack(mutable);
    const made = await own.create(CONFIG_MAP, "shrinks", configMap({ a: "1", b: "2" }, "shrinks"));
    const diff = await own.diff(made, configMap({ a: "1" }, "shrinks"));
    expect(diff).toMatchObject({
      replaces: [],
      basis: "cluster",
      changes: { "data.b": { kind: "delete" } },
    });
    const updated = await own.update(made, configMap({ a: "1" }, "shrinks"));
    expect((await contract.live("configmap", "shrinks")).data).toEqual({ a: "1" });
    await own.delete(updated);
    await mutable.close();
  });

  test("changed contents replace a ConfigMap, as in the real provider", async () => {
    const made = await contract.stack.create(
      CONFIG_MAP,
      "content",
      configMap({ a: "1" }, "content"),
    );
    const diff = await contract.stack.diff(made, configMap({ a: "2" }, "content"));
    expect(diff).toMatchObject({ replaces: ["data.a"], deleteBeforeReplace: true });
    await contract.stack.delete(made);
  });

  test("drift is seen by a refresh", async () => {
    const made = await contract.stack.create(CONFIG_MAP, "drift", configMap({ a: "1" }, "drift"));
    await contract.server.kubectl([
      "patch",
      "configmap",
      "drift",
      "--type=merge",
      "-p",
      '{"data":{"a":"9"}}',
    ]);
    const read = await contract.stack.read(made);
    expect(field(read?.inputs, "data", "a")).toBe("9");
    await contract.stack.delete(made);
  });

  test("quantities in another writing and stringData are no drift", async () => {
    const quota = {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "quota" },
      spec: { hard: { "limits.cpu": "1000m", "limits.memory": "1024Mi" } },
    };
    const made = await contract.stack.create("kubernetes:core/v1:ResourceQuota", "quota", quota);
    expect((await contract.stack.read(made))?.inputs).toEqual(made.inputs);
    await contract.stack.delete(made);
    const password = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "password" },
      stringData: { user: "me", word: "s3cret-word" },
    };
    const kept = await contract.stack.create(SECRET, "password", password);
    expect(isSecret(kept.outputs.data)).toBe(true);
    expect(isSecret(kept.inputs.stringData)).toBe(true);
    expect(JSON.stringify(revealMap(kept.outputs).data)).toContain("czNjcmV0");
    expect((await contract.stack.read(kept))?.inputs).toEqual(kept.inputs);
    await contract.stack.delete(kept);
  });

  test("`get` reads an object that is not ours", async () => {
    const inputs = {};
    const type = "kubernetes:core/v1:Namespace";
    const got = await contract.stack.read({
      type,
      name: "sys",
      id: "kube-system",
      inputs,
      outputs: {},
    });
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
      spec: { type: "NodePort", selector: { app: "x" }, ports: [{ port: 80 }] },
    };
    const { id, outputs } = await contract.stack.preview(SERVICE, "previewed", service);
    expect(id).toBe("");
    expect(field(outputs, "spec", "clusterIP")).toBe(UNKNOWN);
    expect(field(outputs, "spec", "ports", 0, "protocol")).toBe("TCP");
    expect(field(outputs, "spec", "ports", 0, "nodePort")).toBe(UNKNOWN);
    expect(outputs.status).toBe(UNKNOWN);
    await expect(contract.live("service", "previewed")).rejects.toThrow("NotFound");
  });

  test("a planned namespace is no fault, a misspelt field in it is", async () => {
    const inputs = { ...configMap({ a: "1" }), metadata: { name: "x", namespace: "planned" } };
    const { outputs } = await contract.stack.preview(CONFIG_MAP, "planned", inputs);
    expect(field(outputs, "metadata", "uid")).toBe(UNKNOWN);
    const wrong = { ...inputs, dta: { a: "1" } };
    const error = await thrown(contract.stack.preview(CONFIG_MAP, "wrong", wrong));
    expect(story(error)).toMatch(/dta/);
    expect((error as UserError).exitCode).toBe(2);
  });

  test("unknown values and kinds still to come are echoed", async () => {
    const unknown = await contract.stack.preview(CONFIG_MAP, "u", {
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
    const echoed = await contract.stack.preview("kubernetes:example.org/v1:Widget", "w", custom);
    expect(echoed.outputs.kind).toBe("Widget");
  });

  test("kinds that nobody serves are told together when the preview has ended", async () => {
    const provider = await contract.newProvider();
    const own = testStack(provider);
    const of = (apiVersion: string, kind: string, name: string) =>
      own.preview(`kubernetes:${apiVersion}:${kind}`, name, {
        apiVersion,
        kind,
        metadata: { name },
        spec: { size: UNKNOWN },
      });
    await of("example.org/v1", "Widget", "w");
    await of("example.org/v1", "Widget", "v");
    await of("resource.k8s.io/v1", "ResourceClaim", "served");
    const [fault, ...others] = (await provider.previewFaults?.(AbortSignal.timeout(10_000))) ?? [];
    expect(others).toEqual([]);
    expect(fault?.message).toContain("example.org/v1 Widget (default/v and 1 more)");
    expect(fault?.message).toContain("of example.org it serves nothing");
    await provider.close();
  });

  test("an unserved version of a built-in kind is refused", async () => {
    const old = {
      apiVersion: "policy/v1beta1",
      kind: "PodDisruptionBudget",
      metadata: { name: "p" },
      spec: {},
    };
    const error = await thrown(
      contract.stack.preview("kubernetes:policy/v1beta1:PodDisruptionBudget", "p", old),
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
    const made = await contract.stack.create(type, name, skip);
    const diff = await contract.stack.diff(made, then);
    expect(diff.basis).toBe("cluster");
    expect(diff.deleteBeforeReplace).toBe(diff.replaces.length > 0);
    await contract.stack.delete(made, { timeoutMs: 20_000 });
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
