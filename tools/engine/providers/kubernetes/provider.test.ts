/** The Pulumi provider without any cluster: checks, a render, and manifests read from text. */
import { describe, expect, test } from "vitest";
import { isSecret, type PropertyMap, secret, UNKNOWN } from "../../values.ts";
import { field } from "./kube-object.ts";
import { createKubernetesProvider } from "./provider.ts";
import { testStack } from "./test-stack.ts";

const CONFIG_MAP = "kubernetes:core/v1:ConfigMap";

async function rendering(config: PropertyMap = {}) {
  const provider = createKubernetesProvider({ environment: {}, renderOnly: true });
  await provider.configure(config);
  return provider;
}

async function faults(inputs: PropertyMap): Promise<string[]> {
  const provider = await rendering();
  const request = { urn: "u", type: CONFIG_MAP, name: "n", oldInputs: undefined, preview: true };
  const result = await provider.check({ ...request, inputs, randomSeed: new Uint8Array(32) });
  return result.failures.map((failure) => failure.property);
}

describe("check", () => {
  const base = { apiVersion: "v1", kind: "ConfigMap" };

  test("finds what needs no cluster", async () => {
    expect(await faults({ ...base, metadata: { name: "Not_A_Name" } })).toEqual(["metadata.name"]);
    expect(await faults({ ...base, metadata: { name: "a", namespace: "a.b" } })).toEqual([
      "metadata.namespace",
    ]);
    const labels = { good: "v1.2_x", bad: "not a label", empty: "", number: 3 };
    expect(await faults({ ...base, metadata: { name: "a", labels } })).toEqual([
      'metadata.labels["bad"]',
      'metadata.labels["number"]',
    ]);
    const annotations = { "pulumi.com/waitFor": "phase=Running", number: 1 };
    expect(await faults({ ...base, metadata: { name: "a", annotations } })).toEqual([
      'metadata.annotations["number"]',
      'metadata.annotations["pulumi.com/waitFor"]',
    ]);
    expect(await faults({ ...base, metadata: { generateName: "a-" } })).toEqual([
      "metadata.generateName",
    ]);
  });

  test("lets unknown values pass", async () => {
    expect(await faults({ ...base, metadata: UNKNOWN })).toEqual([]);
    const metadata = {
      name: UNKNOWN,
      namespace: UNKNOWN,
      labels: { a: UNKNOWN },
      annotations: UNKNOWN,
    };
    expect(await faults({ ...base, metadata })).toEqual([]);
  });

  test("gives namespaced objects a namespace and others none", async () => {
    const stack = testStack(await rendering({ namespace: "team" }));
    const placed = await stack.check(CONFIG_MAP, "a", { ...base, metadata: { name: "a" } });
    expect(field(placed, "metadata", "namespace")).toBe("team");
    const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole" };
    const metadata = { name: "system:x", namespace: "left-over" };
    const type = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole";
    const free = await stack.check(type, "r", { ...role, metadata });
    expect(field(free, "metadata", "namespace")).toBeUndefined();
  });

  test("keeps the managed-by label where it was, and adds it nowhere else", async () => {
    const stack = testStack(await rendering());
    const label = "app.kubernetes.io/managed-by";
    const metadata = { name: "a" };
    const fresh = await stack.check(CONFIG_MAP, "a", { ...base, metadata });
    expect(field(fresh, "metadata", "labels")).toBeUndefined();
    const old = { ...base, metadata: { name: "a", labels: { [label]: "pulumi" } } };
    const kept = await stack.check(CONFIG_MAP, "a", { ...base, metadata }, old);
    expect(field(kept, "metadata", "labels", label)).toBe("pulumi");
  });
});

describe("a render", () => {
  const secretObject = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {},
    stringData: { word: secret("hush") },
  };

  test("hands back what the program wrote, the same each time, secrets marked", async () => {
    const once = async () => {
      const stack = testStack(await rendering());
      return stack.create("kubernetes:core/v1:Secret", "s", secretObject);
    };
    const first = await once();
    expect(await once()).toEqual(first);
    expect(first.id).toMatch(/^default\/s-[0-9a-f]{8}$/);
    expect(isSecret(first.outputs.stringData)).toBe(true);
    expect(first.outputs.status).toBeUndefined();
  });

  test("custom resources pass, and nothing is asked of any cluster", async () => {
    const stack = testStack(await rendering());
    const widget = {
      apiVersion: "example.org/v1",
      kind: "Widget",
      metadata: { name: "w" },
      spec: { a: 1 },
    };
    const made = await stack.create("kubernetes:example.org/v1:Widget", "w", widget);
    const changed = await stack.diff(made, { ...widget, spec: { a: 2 } });
    expect(changed).toMatchObject({ basis: "table", replaces: [] });
    const renamed = await stack.diff(made, { ...widget, metadata: { name: "v" } });
    expect(renamed).toMatchObject({ replaces: ["metadata.name"], deleteBeforeReplace: false });
    await stack.delete(made);
  });
});

describe("diff", () => {
  const before = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { x: "1" } };

  test("contents of ConfigMaps replace unless the configuration calls them mutable", async () => {
    const after = { ...before, data: { x: "2" } };
    const fixed = testStack(await rendering());
    const made = await fixed.create(CONFIG_MAP, "a", before);
    expect(await fixed.diff(made, after)).toMatchObject({
      replaces: ["data.x"],
      deleteBeforeReplace: true,
    });
    const mutable = testStack(await rendering({ enableConfigMapMutable: "true" }));
    expect(await mutable.diff(made, after)).toMatchObject({ replaces: [] });
    expect((await mutable.diff(made, { ...after, immutable: true })).replaces).toContain("data.x");
  });

  test("an unnamed object is replaced beside the old one; ignored changes are none", async () => {
    const unnamed = { ...before, metadata: {} };
    const stack = testStack(await rendering());
    const made = await stack.create(CONFIG_MAP, "b", unnamed);
    const after = { ...unnamed, data: { x: "2" } };
    expect(await stack.diff(made, after)).toMatchObject({
      replaces: ["data.x"],
      deleteBeforeReplace: false,
    });
    expect(await stack.diff(made, after, ["data"])).toMatchObject({ changes: {}, replaces: [] });
  });

  test("a value that is not known yet counts as changed", async () => {
    const stack = testStack(await rendering());
    const made = await stack.create(CONFIG_MAP, "a", before);
    const diff = await stack.diff(made, {
      ...before,
      metadata: { name: "a", labels: { l: UNKNOWN } },
    });
    expect(diff).toMatchObject({ basis: "table", replaces: [] });
    expect(Object.keys(diff.changes)).toEqual(["metadata.labels"]);
  });
});

describe("functions", () => {
  test("manifests are read, lists opened, secrets marked", async () => {
    const provider = await rendering();
    const text = [
      "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}",
      "kind: List\napiVersion: v1\nitems: [{kind: Secret, apiVersion: v1, metadata: {name: b}}]",
      "# nothing",
    ].join("\n---\n");
    const { result } = await provider.invoke(
      "kubernetes:yaml:decode",
      { text, defaultNamespace: "n" },
      false,
    );
    const [first, second] = result as PropertyMap[];
    expect(first).toMatchObject({ kind: "ConfigMap", metadata: { name: "a", namespace: "n" } });
    expect(second !== undefined && isSecret(second)).toBe(true);
    await expect(
      provider.invoke("kubernetes:yaml:decode", { text: "a: [" }, false),
    ).rejects.toThrow(/valid YAML/);
  });

  test.each(["kubernetes:helm:template", "kubernetes:kustomize:directory", "kubernetes:other:x"])(
    "%s is refused by name",
    async (token) => {
      const provider = await rendering();
      await expect(provider.invoke(token, {}, false)).rejects.toThrow(token);
    },
  );
});
