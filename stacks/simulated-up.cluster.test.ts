/**
 * `up --simulate-cloud` end to end, as a person runs it: the cloud is simulated, its Kubernetes side is
 * applied to a real API server, whose controllers make the pods and whose scheduler places them on
 * simulated nodes (kwok keeps them ready and lets pods seem to run), which the settings declare.
 * What operators would make of their kinds is not seen here: no operator runs.
 */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LEADER_WORKER_SET_DEFINITION } from "../components/serving/test-leader-worker-set.ts";
import { committedValues } from "../config/test-settings.ts";
import { silentProgress } from "../tools/base/progress.ts";
import { runVerb, runVerbOrFail, type VerbResult } from "../tools/cli/test-stack.ts";
import { ensureBinaries } from "../tools/cluster/binaries.ts";
import { operatorDefinitions } from "../tools/cluster/test-operator-crds.ts";
import {
  startTestApiServer,
  type TestApiServer,
} from "../tools/engine/providers/kubernetes/test-api-server.ts";
import { makeNodes } from "./test-nodes.ts";
import { type Loose, settingsOf } from "./test-objects.ts";

const STACK = "dev";
const APPLY = ["apply", "--server-side", "--force-conflicts", "--filename", "-"];

let server: TestApiServer;
let stateDir: string;
let provisioner: Provisioner;

beforeAll(async () => {
  const { kube, kwok } = await ensureBinaries({ progress: silentProgress });
  stateDir = await mkdtemp(path.join(os.tmpdir(), "deepseek-simulated-"));
  server = await startTestApiServer(kube, { scheduler: true, kwok });
  const [keda, ray, certificates] = await Promise.all([
    operatorDefinitions("keda", ["scaledobjects", "triggerauthentications"]),
    operatorDefinitions("kuberay", ["rayservices"]),
    operatorDefinitions("cert-manager"),
  ]);
  const definitions = [
    ...keda,
    ...ray,
    ...certificates,
    JSON.stringify(LEADER_WORKER_SET_DEFINITION),
  ];
  await server.kubectl(APPLY, definitions.join("\n---\n"));
  await makeNodes(server, settingsOf(committedValues(STACK)));
  provisioner = provision(server);
});

afterAll(async () => {
  await provisioner?.stop();
  await server?.stop();
  if (stateDir !== undefined) await rm(stateDir, { recursive: true, force: true });
});

describe(`${STACK}, its cloud simulated`, () => {
  test("is applied whole, and says on every line that it is simulated", async () => {
    const { stdout } = await verb("up", "--yes");
    expect(stdout).toMatch(/^simulated cloud {2}\d+ created/m);
  });

  test("every pod runs on a simulated node", async () => {
    const pods: Loose[] = JSON.parse(
      await server.kubectl(["get", "pods", "--all-namespaces", "--output", "json"]),
    ).items;
    const seen = pods.map(({ metadata, spec, status }) => [
      metadata.name,
      spec.nodeName === undefined ? "nowhere" : "simulated node",
      status.phase,
    ]);
    expect(seen.length).toBeGreaterThan(8);
    expect(seen.filter(([, place, phase]) => place === "nowhere" || phase !== "Running")).toEqual(
      [],
    );
  });

  test("a second preview finds nothing to change, asking the API server and not only the state", async () => {
    await verb("preview", "--expect-no-changes", "--refresh");
  });

  test("is destroyed without a trace", async () => {
    await verb("destroy", "--yes");
    const left = await server.kubectl(["get", "namespaces", "--output", "name"]);
    expect(left.split("\n").filter((name) => /deepseek|monitoring/.test(name))).toEqual([]);
  });

  test("is refused by a cluster without an operator that it needs, before anything is made", async () => {
    await server.kubectl(["delete", "crd", "scaledobjects.keda.sh"]);
    const { code, stderr } = await runVerb(...invocation("up", "--yes"));
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /does not serve a kind.*\n.*keda\.sh\/v1alpha1 ScaledObject \(deepseek\//,
    );
    const spaces = await server.kubectl(["get", "namespaces", "--output", "name"]);
    expect(spaces).not.toContain("deepseek");
  });
});

function verb(name: string, ...more: string[]): Promise<VerbResult> {
  return runVerbOrFail(...invocation(name, ...more));
}

function invocation(name: string, ...more: string[]) {
  const target = ["--simulate-cloud", "--kubeconfig", server.kubeconfig];
  const options = { environment: { DEEPSEEK_STATE_DIR: stateDir }, timeoutMs: 300_000 };
  return [[name, STACK, ...target, ...more], options] as const;
}

interface Provisioner {
  stop(): Promise<void>;
}

/** Plays the storage drivers: a volume for each claim that waits for one. */
function provision({ kubectl }: TestApiServer): Provisioner {
  let going = true;
  const work = async () => {
    while (going) {
      const claims: Loose[] = JSON.parse(
        await kubectl(["get", "pvc", "--all-namespaces", "--output", "json"]),
      ).items;
      const waiting = claims.filter(({ status }) => status.phase === "Pending");
      if (waiting.length > 0) await kubectl(APPLY, list(waiting.map(volumeOf)));
      await sleep(500);
    }
  };
  const ended = work();
  return {
    stop: async () => {
      going = false;
      await ended;
    },
  };
}

function volumeOf({ metadata, spec }: Loose): object {
  const { name, namespace } = metadata;
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: `${namespace}-${name}` },
    spec: {
      accessModes: spec.accessModes,
      capacity: spec.resources.requests,
      storageClassName: spec.storageClassName,
      persistentVolumeReclaimPolicy: "Delete",
      claimRef: { namespace, name },
      csi: { driver: "simulated.example", volumeHandle: `${namespace}-${name}` },
    },
  };
}

function list(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}
