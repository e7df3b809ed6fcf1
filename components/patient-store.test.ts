/** Patients' data and the training on it: who may come in, who may look, and that nothing leaves. */
import { beforeAll, describe, expect, test } from "vitest";
import { templateSchema } from "../gateway-image/src/fine-tuning/job-template.ts";
import { type Loose, named } from "../stacks/test-objects.ts";
import type { Program } from "../stacks/test-program.ts";
import { FineTuning } from "./fine-tuning.ts";
import { FINE_TUNING } from "./fine-tuning-template.ts";
import { PatientStore } from "./patient-store.ts";
import { certificateOf, make, objectsOf } from "./test-program.ts";

const NAMESPACE = "deepseek-patient";
const VOLUME = { storage: "100Gi", storageClass: "patients", onDestroy: "retain" as const };

let program: Program;
beforeAll(async () => {
  program = await make(() => {
    new PatientStore("patients", {
      namespace: NAMESPACE,
      database: {
        image: "postgresql:17",
        instances: 3,
        resources: { cpu: "1", memory: "4Gi" },
        volume: VOLUME,
        certificate: certificateOf("patients"),
      },
      flows: {
        operatorNamespace: "cnpg-system",
        clients: [],
        clientRanges: ["10.20.0.0/24"],
        apiServer: { ranges: ["10.0.0.1/32"], ports: [6443] },
        watchers: [],
      },
      dnsRanges: [],
      silent: [FINE_TUNING],
      roles: { operators: ["hospital:dba"], auditors: [] },
    });
    const training = new FineTuning("fine-tuning", {
      namespace: NAMESPACE,
      gatewayNamespace: "deepseek",
      settings: {
        image: "registry.hospital.internal/trainer:1",
        command: ["/trainer"],
        gpuProduct: "NVIDIA-A100-SXM4-80GB",
        gpus: 4,
        resources: { cpu: "16", memory: "256Gi" },
        sharedMemory: "32Gi",
        longestHours: 48,
      },
      volumes: { datasets: VOLUME, models: VOLUME, output: VOLUME },
    });
    return { account: training.serviceAccount, environment: training.environment };
  });
});

const policies = () => objectsOf(program, "NetworkPolicy");
const template = (): Loose =>
  JSON.parse(named("ConfigMap", "gateway-fine-tuning", program).data["template.json"]);

describe("patients' data", () => {
  test("has a database, a role and a certificate of its own", () => {
    const { metadata, spec } = named("Cluster", "patients", program);
    expect(metadata.namespace).toBe(NAMESPACE);
    expect(spec.storage).toEqual({ size: "100Gi", storageClass: "patients" });
    expect(spec.certificates.serverTLSSecret).toBe("tls-patients");
    expect(spec.postgresql.pg_hba[0]).toBe("hostssl patients patients all scram-sha-256");
  });

  test("is reached from the hospital's addresses, its own pods and the operator, and by nothing of ours", () => {
    const { spec } = policies().find(({ metadata }) => metadata.name === "allow-patients");
    const from = (spec.ingress as Loose[]).flatMap((rule) => rule.from as Loose[]);
    expect(from.map((peer) => peer.ipBlock?.cidr ?? peer.podSelector.matchLabels)).toEqual([
      "10.20.0.0/24",
      { "cnpg.io/cluster": "patients" },
      { "app.kubernetes.io/name": "cloudnative-pg" },
    ]);
    const to = (spec.egress as Loose[]).flatMap((rule) => rule.to as Loose[]);
    expect(to.map((peer) => peer.ipBlock?.cidr ?? peer.podSelector.matchLabels)).toEqual([
      { "cnpg.io/cluster": "patients" },
      "10.0.0.1/32",
    ]);
  });

  test("closes nothing in a namespace that is not its own", () => {
    expect(new Set(policies().map(({ metadata }) => metadata.namespace))).toEqual(
      new Set([NAMESPACE]),
    );
  });

  test("is looked at by named groups, none of whom reads a Secret or begins a process", () => {
    const roles = objectsOf(program, "Role").filter(({ metadata }) =>
      metadata.name.startsWith("patients-"),
    );
    expect(roles.map(({ metadata }) => metadata.name)).toEqual(["patients-operators"]);
    for (const { apiGroups, resources, verbs } of roles.flatMap(({ rules }) => rules as Loose[])) {
      expect([...apiGroups, ...resources, ...verbs].join(" ")).not.toMatch(
        /\*|secrets|exec|attach|portforward|log|create|update|patch|delete|escalate|bind|impersonate/,
      );
    }
    expect(named("RoleBinding", "patients-operators", program).subjects).toEqual([
      { apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "hospital:dba" },
    ]);
    expect(objectsOf(program, "ClusterRole")).toEqual([]);
    expect(objectsOf(program, "ClusterRoleBinding")).toEqual([]);
  });
});

describe("training", () => {
  test("has a template that the gateway takes, in the namespace of the records", () => {
    expect(templateSchema.safeParse(template()).error).toBeUndefined();
    expect(named("ConfigMap", "gateway-fine-tuning", program).data.namespace).toBe(NAMESPACE);
    expect(program.outputs).toEqual({
      account: "gateway",
      environment: {
        GW_FINE_TUNING: "kubernetes",
        GW_FINE_TUNING_TEMPLATE_FILE: "/etc/gateway/fine-tuning/template.json",
        GW_KUBERNETES_FOLDER: "/etc/gateway/kubernetes",
      },
    });
  });

  test("reaches nobody: no policy opens anything to its pods, not even names", () => {
    const pod = { "app.kubernetes.io/name": FINE_TUNING };
    const about = policies().filter(({ spec }) => selects(spec.podSelector, pod));
    expect(about.map(({ metadata }) => metadata.name)).toEqual(["default-deny"]);
    const mine = policies().filter(({ spec }) =>
      selects(spec.podSelector, { "cnpg.io/cluster": "patients" }),
    );
    expect(mine.map(({ metadata }) => metadata.name)).toEqual([
      "default-deny",
      "allow-dns",
      "allow-patients",
    ]);
  });

  test("reads records, writes into a folder of its own, and has no token", () => {
    const { spec } = template().spec.template;
    expect(spec.automountServiceAccountToken).toBe(false);
    const [container] = spec.containers;
    const writable = container.volumeMounts.filter(({ readOnly }: Loose) => readOnly !== true);
    expect(writable.map(({ name, subPathExpr }: Loose) => [name, subPathExpr])).toEqual([
      ["output", "$(JOB_ID)"],
      ["shared-memory", undefined],
      ["scratch", undefined],
    ]);
    expect(container.resources.limits["nvidia.com/gpu"]).toBe("4");
    expect(spec.nodeSelector).toEqual({ "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB" });
    expect(
      objectsOf(program, "PersistentVolumeClaim").map(({ metadata }) => metadata.name),
    ).toEqual(["datasets", "models", "output"].map((what) => `fine-tuning-${what}`));
  });

  test("gives the gateway four rights in one namespace", () => {
    const { metadata, rules } = named("Role", "gateway-fine-tuning", program);
    expect(metadata.namespace).toBe(NAMESPACE);
    expect(rules).toEqual([
      { apiGroups: ["batch"], resources: ["jobs"], verbs: ["create", "get", "delete"] },
      { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
    ]);
    expect(named("RoleBinding", "gateway-fine-tuning", program).subjects).toEqual([
      { kind: "ServiceAccount", name: "gateway", namespace: "deepseek" },
    ]);
  });
});

function selects(selector: Loose, labels: Record<string, string>): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(
    ([key, value]) => labels[key] === value,
  );
  const expressions = (selector.matchExpressions ?? []) as Loose[];
  return (
    equal &&
    expressions.every(({ key, operator, values }) => {
      if (operator !== "NotIn") throw new Error(operator);
      return !values.includes(labels[key]);
    })
  );
}
