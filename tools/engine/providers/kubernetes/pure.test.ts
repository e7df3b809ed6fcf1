/** The rules that need no cluster: names, paths, owners of fields, secrets, refreshed inputs. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSecret, type PropertyMap, secret } from "../../values.ts";
import { apiErrorOf, createRedactor } from "./api-error.ts";
import { outputsOf, toApiObject } from "./checkpoint.ts";
import { immutableFields } from "./diff.ts";
import { builtInKind, collectionPath } from "./discovery.ts";
import { isAppliedBy, leaveIgnored, takeOverPatch } from "./field-managers.ts";
import { field, sameJson, toApiKeys, toProgramKeys } from "./kube-object.ts";
import { liveInputs, quantityOf } from "./live-inputs.ts";
import { assignName, fieldManagerOf } from "./naming.ts";
import { formatPath, isWithin, parsePath } from "./property-path.ts";
import { isImmutable } from "./replace-table.ts";
import { kindOfResource, refuseUnsupported } from "./type-token.ts";

const seed = new Uint8Array(32).fill(7);

describe("names", () => {
  test("are given once, kept, and marked", () => {
    const first = assignName({ kind: "Pod" }, undefined, "web", seed);
    expect(field(first, "metadata", "name")).toMatch(/^web-[0-9a-f]{8}$/);
    expect(field(first, "metadata", "annotations", "pulumi.com/autonamed")).toBe("true");
    expect(assignName({ kind: "Pod" }, first, "web", new Uint8Array(32))).toEqual(first);
    const own = { kind: "Pod", metadata: { name: "mine" } };
    expect(assignName(own, first, "web", seed)).toBe(own);
    expect(assignName({ kind: "Pod" }, own, "web", seed)).toEqual(first);
  });

  test("the field manager is the state's, the annotation's, or the URN's own", () => {
    expect(fieldManagerOf("urn:a", {}, undefined)).toMatch(/^pulumi-kubernetes-[0-9a-f]{8}$/);
    expect(fieldManagerOf("urn:a", {}, undefined)).not.toBe(fieldManagerOf("urn:b", {}, undefined));
    expect(fieldManagerOf("urn:a", {}, { __fieldManager: "kept" })).toBe("kept");
    const annotated = { metadata: { annotations: { "pulumi.com/patchFieldManager": "chosen" } } };
    expect(fieldManagerOf("urn:a", annotated, { __fieldManager: "kept" })).toBe("chosen");
  });
});

describe("types", () => {
  test("tokens give apiVersion and kind; the object's own go first", () => {
    expect(kindOfResource("kubernetes:core/v1:Service", {})).toEqual({
      apiVersion: "v1",
      kind: "Service",
    });
    expect(kindOfResource("kubernetes:apps/v1:Deployment", {}).apiVersion).toBe("apps/v1");
    const own = { apiVersion: "example.org/v1", kind: "Widget" };
    expect(kindOfResource("kubernetes:anything:x", own)).toEqual(own);
  });

  test.each([
    "kubernetes:helm.sh/v3:Release",
    "kubernetes:helm.sh/v4:Chart",
    "kubernetes:kustomize/v2:Directory",
    "kubernetes:yaml/v2:ConfigGroup",
    "kubernetes:core/v1:ConfigMapList",
    "kubernetes:core/v1:ConfigMapPatch",
  ])("%s is refused by name", (type) => {
    expect(() => refuseUnsupported(type, "thing")).toThrow(type);
  });

  test("plurals and scopes of Kubernetes' own kinds", () => {
    const path = (apiVersion: string, kind: string) => {
      const found = builtInKind({ apiVersion, kind });
      return found === undefined ? undefined : collectionPath(found, "n");
    };
    expect(path("v1", "Namespace")).toBe("/api/v1/namespaces");
    expect(path("v1", "Endpoints")).toBe("/api/v1/namespaces/n/endpoints");
    expect(path("networking.k8s.io/v1", "Ingress")).toBe(
      "/apis/networking.k8s.io/v1/namespaces/n/ingresses",
    );
    expect(path("networking.k8s.io/v1", "NetworkPolicy")).toMatch(/networkpolicies$/);
    expect(path("storage.k8s.io/v1", "StorageClass")).toBe(
      "/apis/storage.k8s.io/v1/storageclasses",
    );
    expect(path("monitoring.example.org/v1", "Rule")).toBeUndefined();
  });
});

describe("property paths", () => {
  test("read back as written", () => {
    const step = fc.oneof(
      fc.nat(99),
      fc.string({ minLength: 1 }).filter((text) => text !== "*"),
    );
    const paths = fc.tuple(
      fc.string({ minLength: 1 }).filter((text) => text !== "*"),
      fc.array(step, { maxLength: 4 }),
    );
    fc.assert(
      fc.property(paths, ([first, rest]) => {
        expect(parsePath(formatPath([first, ...rest]))).toEqual([first, ...rest]);
      }),
    );
  });

  test("are written as Pulumi writes them", () => {
    expect(formatPath(["spec", "containers", 0, "image"])).toBe("spec.containers[0].image");
    expect(formatPath(["metadata", "labels", "a.b/c"])).toBe('metadata.labels["a.b/c"]');
    expect(isWithin(parsePath("spec.containers[3].env"), parsePath("spec.containers[*]"))).toBe(
      true,
    );
    expect(isWithin(["spec"], ["spec", "a"])).toBe(false);
  });

  test("the table of immutable fields is read by group and kind", () => {
    const deployment = { apiVersion: "apps/v1", kind: "Deployment" };
    expect(isImmutable(deployment, ["spec", "selector", "matchLabels", "x"])).toBe(true);
    expect(isImmutable(deployment, ["spec", "replicas"])).toBe(false);
    const pod = { apiVersion: "v1", kind: "Pod" };
    expect(isImmutable(pod, ["spec", "containers", 1, "command"])).toBe(true);
    expect(isImmutable(pod, ["spec", "containers", 1, "image"])).toBe(false);
  });
});

describe("owners of fields", () => {
  const entry = (
    manager: string,
    operation: string,
    fieldsV1: PropertyMap,
    more: PropertyMap = {},
  ) => ({
    manager,
    operation,
    apiVersion: "apps/v1",
    fieldsType: "FieldsV1",
    fieldsV1,
    ...more,
  });
  const live = (...managedFields: PropertyMap[]) => ({
    metadata: { resourceVersion: "5", managedFields },
    spec: { replicas: 5, paused: true },
  });

  test("kubectl's and the real provider's creation are taken over, others are not", () => {
    const object = live(
      entry("pulumi-kubernetes", "Update", { "f:spec": { "f:replicas": {} } }),
      entry("kubectl", "Apply", { "f:spec": { "f:paused": {} } }),
      entry("hpa", "Update", { "f:spec": { "f:x": {} } }),
      entry("kubectl", "Update", { "f:status": {} }, { subresource: "status" }),
    );
    const [check, replace] = takeOverPatch(object, "ours") ?? [];
    expect(check?.value).toBe("5");
    const managers = replace?.value as PropertyMap[];
    expect(managers.map((item) => item.manager)).toEqual(["hpa", "kubectl", "ours"]);
    expect(managers[2]).toMatchObject({
      operation: "Apply",
      fieldsV1: { "f:spec": { "f:replicas": {}, "f:paused": {} } },
    });
    expect(takeOverPatch(live(entry("ours", "Apply", {})), "ours")).toBeUndefined();
    expect(isAppliedBy(object, "kubectl")).toBe(true);
    expect(isAppliedBy(object, "hpa")).toBe(false);
  });

  test("ignored fields: another's is not sent, our own is sent as it is", () => {
    const paths = [
      ["spec", "replicas"],
      ["spec", "paused"],
      ["spec", "absent"],
    ];
    const object = live(
      entry("hpa", "Update", { "f:spec": { "f:replicas": {} } }),
      entry("ours", "Apply", { "f:spec": { "f:paused": {} } }),
    );
    const wanted = { spec: { replicas: 1, paused: false, other: 2 } };
    expect(leaveIgnored(wanted, object, "ours", paths)).toEqual({
      spec: { paused: true, other: 2 },
    });
  });
});

describe("secrets", () => {
  test("contents of a Secret are secret, kubectl's copy of them too", () => {
    const inputs = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s" },
      stringData: { a: "b" },
    };
    const copy = { "kubectl.kubernetes.io/last-applied-configuration": "{...}" };
    const live = { ...inputs, metadata: { name: "s", annotations: copy }, data: { a: "Yg==" } };
    const outputs = outputsOf(live, inputs, "m");
    expect(isSecret(outputs.data)).toBe(true);
    expect(isSecret(outputs.stringData)).toBe(true);
    const path = [
      "metadata",
      "annotations",
      "kubectl.kubernetes.io/last-applied-configuration",
    ] as const;
    expect(isSecret(field(outputs, ...path) as PropertyMap)).toBe(true);
    expect(isSecret(field(outputs, "__inputs", "stringData") as PropertyMap)).toBe(true);
  });

  test("a secret in a list hides the list, whose order the server may change", () => {
    const inputs = { kind: "Pod", spec: { env: [{ name: "a", value: secret("x") }] } };
    const outputs = outputsOf(
      { kind: "Pod", spec: { env: [{ name: "z" }, { name: "a", value: "x" }] } },
      inputs,
      "m",
    );
    expect(isSecret(field(outputs, "spec", "env") as PropertyMap)).toBe(true);
  });

  test("stringData is sent as data, and nulls are not sent", () => {
    const inputs = {
      apiVersion: "v1",
      kind: "Secret",
      data: { c: "ZA==" },
      stringData: { a: secret("b") },
      type: null,
    };
    expect(toApiObject(inputs)).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      data: { a: "Yg==", c: "ZA==" },
    });
  });

  test("no learned secret survives in a text, however it is quoted", () => {
    const lines = fc.array(fc.stringMatching(/^[\w"\\ -]{8,30}$/), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(lines, (parts) => {
        const value = parts.join("\n");
        const redactor = createRedactor();
        redactor.learn({ deep: [value] });
        const base64 = Buffer.from(value).toString("base64");
        const text = redactor.clean(
          `a ${value} b ${JSON.stringify(value)} c ${base64} d ${parts[0]?.trim()}`,
        );
        expect(text).not.toContain(value);
        expect(text).not.toContain(base64);
        expect(text).not.toContain(JSON.stringify(value).slice(1, -1));
      }),
    );
  });

  test("quoted invalid values are hidden where the object holds secrets", () => {
    const text =
      'spec.a: Invalid value: "q\\"z": must be x, spec.b: Unsupported value: "k": supported values: "A"';
    expect(createRedactor().clean(text, true)).toBe(
      'spec.a: Invalid value: [secret]: must be x, spec.b: Unsupported value: [secret]: supported values: "A"',
    );
  });
});

describe("refreshed inputs", () => {
  test.each([
    ["1000m", "1"],
    ["1024Mi", "1Gi"],
    ["0.5", "500m"],
    [1, "1"],
    ["1e3", "1k"],
  ])("%s and %s are the same quantity", (a, b) => {
    expect(quantityOf(a)).toBeCloseTo(quantityOf(b) ?? Number.NaN, 9);
    expect(liveInputs({ spec: { cpu: b } }, { spec: { cpu: a } })).toEqual({ spec: { cpu: a } });
  });

  test("keep what the program named, with live values, and nothing else", () => {
    const live = {
      spec: { replicas: 5, list: [{ a: 1, b: 2 }, { c: 3 }], defaulted: true },
      status: {},
    };
    const inputs = { spec: { replicas: 3, list: [{ a: 9 }], empty: {}, off: false, gone: "x" } };
    expect(liveInputs(live, inputs)).toEqual({
      spec: { replicas: 5, list: [{ a: 1 }, { c: 3 }], empty: {}, off: false },
    });
  });

  test("an unchanged object gives back the inputs it was made of", () => {
    const inputs = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<PropertyMap>;
    fc.assert(
      fc.property(inputs, (given) => {
        expect(sameJson(liveInputs({ ...given, status: { x: 1 } }, given), given)).toBe(true);
      }),
    );
  });

  test("keys that TypeScript cannot spell go there and back", () => {
    const program = {
      schema: {
        x_kubernetes_preserve_unknown_fields: true,
        properties: [{ x_kubernetes_list_type: "map" }],
      },
    };
    expect(toProgramKeys(toApiKeys(program))).toEqual(program);
    expect(field(toApiKeys(program), "schema", "x-kubernetes-preserve-unknown-fields")).toBe(true);
  });
});

describe("refusals that mean a replacement", () => {
  const refusal = (...messages: string[]) =>
    apiErrorOf(
      422,
      JSON.stringify({
        kind: "Status",
        code: 422,
        message: "invalid",
        details: { causes: messages.map((message) => ({ field: "spec.x", message })) },
      }),
      undefined,
    );

  test.each([
    'Invalid value: {"a":"b"}: field is immutable',
    'Invalid value: []string{"10.0.0.2"}: may not change once set',
    "Forbidden: updates to statefulset spec for fields other than 'replicas', 'template' are forbidden",
    "Invalid value: rbac.RoleRef{}: cannot change roleRef",
    "Forbidden: updates to provisioner are forbidden.",
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`",
    "Forbidden: spec is immutable after creation except resources.requests",
  ])("%s", (message) => {
    expect(immutableFields(refusal(message))).toEqual([["spec", "x"]]);
  });

  test.each(["must be greater than 0", "Forbidden: field can not be less than status.capacity"])(
    "%s is an error instead",
    (message) => {
      expect(immutableFields(refusal(message))).toBeUndefined();
    },
  );
});
