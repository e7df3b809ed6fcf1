/** What judges answer, as recorded from them, in our form. */
import { describe, expect, test } from "vitest";
import { secret } from "../engine/values.ts";
import { checkovFindings } from "./checkov.ts";
import { kubeScoreFindings } from "./kube-score.ts";
import { type KubernetesObject, kubernetesObjects } from "./kubernetes-objects.ts";
import { monokle } from "./monokle.ts";

const workload = (kind: string, name: string, containers: readonly object[]): KubernetesObject => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { name, namespace: "deepseek" },
  spec: { template: { metadata: { labels: { a: "b" } }, spec: { containers } } } as never,
});
const resource = (inputs: object) => ({
  urn: "urn:x",
  custom: true,
  type: "kubernetes:x/v1:X",
  inputs: inputs as never,
});

describe("objects for judges", () => {
  test("hold no secret, and are still objects", () => {
    const inputs = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", namespace: "deepseek" },
      data: secret({ password: "aHVudGVyMg==" }),
    };
    const [object] = kubernetesObjects([resource(inputs)]);
    expect(JSON.stringify(object)).not.toContain("aHVudGVyMg==");
    expect(object).toMatchObject({ kind: "Secret", data: { password: "aGlkZGVu" } });
  });

  test("show pods that an operator would make, each by its place", () => {
    const template = (name: string) => ({ spec: { containers: [{ name }] } });
    const inputs = {
      apiVersion: "leaderworkerset.x-k8s.io/v1",
      kind: "LeaderWorkerSet",
      metadata: { name: "model-r1", namespace: "deepseek" },
      spec: {
        leaderWorkerTemplate: { leaderTemplate: template("a"), workerTemplate: template("b") },
        workerGroupSpecs: [{ template: template("c") }],
      },
    };
    const pods = kubernetesObjects([resource(inputs)]).slice(1);
    expect(pods.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      "Pod model-r1-leadertemplate",
      "Pod model-r1-workertemplate",
      "Pod model-r1-workergroupspecs-0-template",
    ]);
  });

  test("are nothing else of the graph", () => {
    const other = { ...resource({ kind: "X" }), type: "aws:kms/key:Key" };
    expect(kubernetesObjects([other, resource({ some: "input" })])).toEqual([]);
  });
});

describe("kube-score", () => {
  const answer = (grade: number, skipped: boolean, comments: object[] | null) => [
    {
      type_meta: { kind: "Deployment" },
      object_meta: { name: "edge", namespace: "deepseek" },
      checks: [
        {
          check: { id: "container-resources", name: "Container Resources" },
          ...{ grade, skipped, comments: comments as never },
        },
      ],
    },
  ];

  test("is heard where it grades less than good, container by container", () => {
    const comments = [{ path: "edge", summary: "CPU limit is not set" }];
    expect(kubeScoreFindings(answer(1, false, comments))).toEqual([
      {
        judge: "kube-score",
        rule: "container-resources",
        object: "Deployment/deepseek/edge#edge",
        message: "CPU limit is not set",
      },
    ]);
    expect(kubeScoreFindings(answer(7, false, null))).toMatchObject([
      { object: "Deployment/deepseek/edge", message: "Container Resources" },
    ]);
    expect(kubeScoreFindings(answer(10, false, null))).toEqual([]);
    expect(kubeScoreFindings(answer(1, true, null))).toEqual([]);
  });
});

describe("checkov", () => {
  const objects = [
    workload("Deployment", "edge", [{ name: "edge" }, { name: "edge-exporter" }]),
    workload("Deployment", "edge.x", [{ name: "x" }]),
  ];
  const failed = (resource: string, evaluated_keys: unknown[]) => ({
    results: {
      failed_checks: [
        {
          check_id: "CKV_K8S_11",
          check_name: "limits",
          resource,
          check_result: { evaluated_keys },
        },
      ],
    },
  });
  const objectOf = (resource: string, keys: unknown[] = []) =>
    checkovFindings(failed(resource, keys), objects)[0]?.object;

  test("names objects its own way, and containers by their number", () => {
    expect(objectOf("Deployment.deepseek.edge")).toBe("Deployment/deepseek/edge");
    const second = ["spec/template/spec/containers/[1]/resources/limits/cpu"];
    expect(objectOf("Deployment.deepseek.edge", second)).toBe(
      "Deployment/deepseek/edge#edge-exporter",
    );
    expect(objectOf("Pod.deepseek.edge.app-edge")).toBe("Deployment/deepseek/edge");
    expect(objectOf("Pod.deepseek.edge.x.app-x")).toBe("Deployment/deepseek/edge.x");
    expect(objectOf("aws_kms_key.weights")).toBe("aws_kms_key.weights");
  });

  test("is heard in each report, and not at all where it found nothing to look at", () => {
    const report = failed("Deployment.deepseek.edge", []);
    expect(checkovFindings([report, report], objects)).toHaveLength(2);
    expect(checkovFindings({ summary: { parsing_errors: 0 } }, objects)).toEqual([]);
  });

  test("that could not read its input has judged nothing", () => {
    expect(() => checkovFindings({ summary: { parsing_errors: 1 } }, objects)).toThrow(/read/);
  });
});

describe("Monokle", () => {
  test("finds what is bad, in the container that has it, and what points nowhere", async () => {
    const good = { name: "good", image: "edge:1", securityContext: { privileged: false } };
    const bad = { name: "bad", image: "edge:latest", securityContext: { privileged: true } };
    const early = { name: "early", image: "edge:1", securityContext: { privileged: true } };
    const spec = { selector: { nobody: "here" } } as never;
    const metadata = { name: "lost", namespace: "deepseek" };
    const findings = await monokle([
      workload("Deployment", "edge", [good, bad]),
      {
        ...{ apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name: "with-early" } },
        spec: { initContainers: [early], containers: [good] } as never,
      },
      { apiVersion: "v1", kind: "Service", metadata, spec },
    ]);
    const said = findings.map(({ rule, object }) => `${rule} ${object}`);
    expect(said).toContain("PSS103 Deployment/deepseek/edge#bad");
    expect(said).not.toContain("PSS103 Deployment/deepseek/edge#good");
    expect(said).toContain("PSS103 Pod/deepseek/with-early#early");
    expect(said).toContain("KBP001 Deployment/deepseek/edge#bad");
    expect(said).toContain("LNK001 Service/deepseek/lost");
  });
});
