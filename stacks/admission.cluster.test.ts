/**
 * Every object of the local stack before a real API server: accepted as it is written (server-side
 * dry run, strict), and every pod admitted by restricted pod security.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseSettings } from "../config/parse.ts";
import { asTexts, completeValues } from "../config/test-settings.ts";
import { silentProgress } from "../tools/base/progress.ts";
import { ensureBinaries } from "../tools/cluster/binaries.ts";
import {
  startTestApiServer,
  type TestApiServer,
} from "../tools/engine/providers/kubernetes/test-api-server.ts";
import { local } from "./local.ts";
import { runProgram } from "./test-program.ts";

interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: { readonly template?: PodTemplate };
}

interface PodTemplate {
  readonly metadata: object;
  readonly spec: object;
}

let server: TestApiServer;
let objects: readonly KubernetesObject[];

const APPLY = ["apply", "--server-side", "--validate=strict", "--filename", "-"];
const DRY_RUN = "--dry-run=server";

beforeAll(async () => {
  const kube =
    process.env["KUBE_BINARY"] ?? (await ensureBinaries({ progress: silentProgress })).kube;
  const parsed = parseSettings(asTexts(await completeValues()));
  if ("faults" in parsed) throw new Error(JSON.stringify(parsed.faults));
  const { resources } = await runProgram(local, parsed.settings);
  objects = resources
    .filter((resource) => resource.type.startsWith("kubernetes:"))
    .map((resource) => resource.inputs as unknown as KubernetesObject);
  server = await startTestApiServer(kube);
  const namespaces = objects.filter((object) => object.kind === "Namespace");
  await server.kubectl(APPLY, list(namespaces));
  // A pod is admitted only beside its service account, which a controller makes.
  for (const { metadata } of namespaces) {
    const account = ["serviceaccount/default", "--namespace", metadata.name];
    await server.kubectl(["wait", "--for=create", "--timeout=30s", ...account]);
  }
});

afterAll(async () => {
  await server?.stop();
});

function list(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

describe("the API server", () => {
  test("accepts every object", async () => {
    const answer = await server.kubectl([...APPLY, DRY_RUN], list(objects));
    expect(answer.trim().split("\n")).toHaveLength(objects.length);
  });

  test("admits a pod of every workload under restricted pod security", async () => {
    const pods = objects.flatMap(({ metadata, spec }) =>
      spec?.template === undefined
        ? []
        : [
            {
              apiVersion: "v1",
              kind: "Pod",
              metadata: { ...spec.template.metadata, ...named(metadata) },
              spec: withoutClaims(spec.template.spec),
            },
          ],
    );
    expect(pods.length).toBe(8);
    await server.kubectl([...APPLY, DRY_RUN], list(pods));
  });

  test("refuses the same pod once it asks for more", async () => {
    const workload = objects.find((object) => object.spec?.template !== undefined);
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: named(workload?.metadata ?? { name: "", namespace: "" }),
      spec: { ...withoutClaims(workload?.spec?.template?.spec ?? {}), hostNetwork: true },
    };
    const refused = server.kubectl([...APPLY, DRY_RUN], list([pod]));
    await expect(refused).rejects.toThrow(/violates PodSecurity "restricted/);
  });

  test("stores every object so that a second application changes nothing", async () => {
    await server.kubectl(APPLY, list(objects));
    const before = await generations();
    await server.kubectl(APPLY, list(objects));
    expect(await generations()).toEqual(before);
  });
});

function named({ name, namespace }: KubernetesObject["metadata"]) {
  return { name: `${name}-admission`, namespace };
}

/** A pod of its own has no claim template: the mount goes to an empty folder. */
function withoutClaims(spec: object): object {
  const volumes = (Reflect.get(spec, "volumes") ?? []) as { name: string }[];
  const data = { name: "data", emptyDir: {} };
  return { ...spec, volumes: [...volumes, data] };
}

async function generations(): Promise<string> {
  const kinds = "deployments,statefulsets,services,configmaps,networkpolicies";
  const columns = "custom-columns=K:.kind,N:.metadata.name,G:.metadata.generation";
  return server.kubectl(["get", kinds, "--all-namespaces", "--output", columns]);
}
