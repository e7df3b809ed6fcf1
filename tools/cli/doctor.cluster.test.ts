/** What the doctor says of a stack's operators, before a real API server. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentProgress } from "../base/progress.ts";
import { ensureBinaries } from "../cluster/binaries.ts";
import { operatorDefinitions } from "../cluster/test-operator-crds.ts";
import {
  startTestApiServer,
  type TestApiServer,
} from "../engine/providers/kubernetes/test-api-server.ts";
import type { Finding } from "./finding.ts";
import { runVerb } from "./test-stack.ts";

/** Asks for KEDA and cert-manager. */
const STACK = "dev";
const APPLY = ["apply", "--server-side", "--force-conflicts", "--filename", "-"];
const SERVED = ["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"];

let server: TestApiServer;

beforeAll(async () => {
  const { kube } = await ensureBinaries({ progress: silentProgress });
  server = await startTestApiServer(kube);
});

afterAll(async () => {
  await server?.stop();
});

async function operators(): Promise<{ code: number; found: Record<string, Finding> }> {
  const call = ["doctor", STACK, "--json", "--kubeconfig", server.kubeconfig];
  const { code, stdout, stderr } = await runVerb(call);
  expect(stderr).toBe("");
  const { findings }: { findings: Finding[] } = JSON.parse(stdout);
  const ours = findings.filter(({ what }) => what.startsWith("operator "));
  return { code, found: Object.fromEntries(ours.map((one) => [one.what.slice(9), one])) };
}

test("a bare cluster lacks each, named with its version and where it is installed from", async () => {
  const { code, found } = await operators();
  expect(code).toBe(1);
  expect(Object.keys(found)).toEqual(["cert-manager", "KEDA"]);
  expect(found["KEDA"]).toEqual({
    what: "operator KEDA",
    found: "no keda.sh/v1alpha1 ScaledObject, TriggerAuthentication; of keda.sh it serves nothing",
    state: "missing",
    neededBy: "dev: deepseek/model-deepseek-llm-7b-chat and 1 more",
    fix: "install it in a version that serves keda.sh/v1alpha1 (checked against v2.21.0): https://keda.sh/docs/latest/deploy/",
  });
});

test("one in another version is missing, and what it serves instead is said", async () => {
  const versions = [
    {
      name: "v2",
      served: true,
      storage: true,
      schema: { openAPIV3Schema: { type: "object" } },
    },
  ];
  const definition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "things.keda.sh" },
    spec: {
      group: "keda.sh",
      scope: "Namespaced",
      names: { kind: "Thing", plural: "things" },
      versions,
    },
  };
  await server.kubectl(APPLY, JSON.stringify(definition));
  await server.kubectl(SERVED);
  const { found } = await operators();
  expect(found["KEDA"]).toMatchObject({
    state: "missing",
    found: expect.stringContaining("of keda.sh it serves v2"),
  });
});

test("one that is there is told with what of it is used", async () => {
  const definitions = await Promise.all([
    operatorDefinitions("keda", ["scaledobjects", "triggerauthentications"]),
    operatorDefinitions("cert-manager"),
  ]);
  await server.kubectl(APPLY, definitions.flat().join("\n---\n"));
  await server.kubectl(SERVED);
  const { code, found } = await operators();
  expect(code).toBe(0);
  expect(found["KEDA"]).toMatchObject({
    state: "ok",
    found: "keda.sh/v1alpha1 ScaledObject, TriggerAuthentication",
  });
  expect(found["cert-manager"]?.state).toBe("ok");
});

test("a cluster that does not answer is not taken for one that lacks nothing", async () => {
  await server.killApiServer();
  const { code, found } = await operators();
  expect(code).toBe(1);
  expect(found["KEDA"]).toMatchObject({
    state: "missing",
    found: expect.stringMatching(/^the cluster did not answer: /),
  });
});
