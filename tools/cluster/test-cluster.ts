/** A cluster of its own folder for tests, with a tester image, kubectl and readable waits. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type RunResult, run } from "../base/process.ts";
import { createProgress } from "../base/progress.ts";
import { buildImages } from "../images/build.ts";
import { ensureBinaries } from "./binaries.ts";
import { importImages, resetCluster, startCluster } from "./cluster.ts";

export interface TestCluster {
  readonly dir: string;
  readonly kubeconfig: string;
  readonly nodeAddress: string;
  /** Tag of the tester image: busybox with a shell. */
  readonly tester: string;
  kubectl(...args: string[]): Promise<string>;
  tryKubectl(args: readonly string[], input?: string): Promise<RunResult>;
  apply(...objects: object[]): Promise<void>;
  remove(): Promise<void>;
}

export async function createTestCluster(gpuNodes = 0): Promise<TestCluster> {
  const folder = await mkdtemp(path.join(tmpdir(), "deepseek-cluster-"));
  const dir = path.join(folder, "cluster");
  const progress = createProgress();
  const [{ kubeconfig, nodeAddress }, lock] = await Promise.all([
    startCluster({ dir, gpuNodes, progress }),
    buildImages({ names: ["tester"], stateDir: folder, progress }),
  ]);
  const tester = lock.images.find((image) => image.name === "tester");
  if (tester === undefined) throw new Error("the tester image was not built");
  await importImages([tester.archive], { dir, progress });
  const { kube } = await ensureBinaries({ progress });
  const tryKubectl = (args: readonly string[], input?: string) =>
    run(kube, ["kubectl", "--kubeconfig", kubeconfig, ...args], {
      signal: AbortSignal.timeout(120_000),
      ...(input === undefined ? {} : { input }),
    });
  const kubectl = async (...args: string[]) => okay(await tryKubectl(args), args.join(" "));
  return {
    dir,
    kubeconfig,
    nodeAddress,
    tester: tester.tag,
    tryKubectl,
    kubectl,
    async apply(...objects) {
      const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
      okay(await tryKubectl(["apply", "-f", "-"], list), "apply");
    },
    async remove() {
      await resetCluster({ dir, progress });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function okay(result: RunResult, what: string): string {
  if (result.code === 0) return result.stdout.trim();
  throw new Error(`kubectl ${what} ended with ${result.code}: ${result.stderr.trim()}`);
}

export interface PodOptions {
  readonly namespace?: string;
  readonly labels?: Record<string, string>;
  /** Shell text; default: sleep. */
  readonly script?: string;
  readonly ports?: readonly { name: string; containerPort: number; protocol?: string }[];
  readonly claim?: string;
}

/** A tester pod under the restricted pod security standard. */
export function testerPod(image: string, name: string, options: PodOptions = {}): object {
  const claim = options.claim;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: options.namespace ?? "default", labels: options.labels ?? {} },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 10001,
        fsGroup: 10001,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: "tester",
          image,
          imagePullPolicy: "Never",
          command: ["/usr/bin/busybox", "sh", "-c", options.script ?? "sleep 3600"],
          ports: options.ports ?? [],
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          volumeMounts: [
            { name: "tmp", mountPath: "/tmp" },
            ...(claim === undefined ? [] : [{ name: "data", mountPath: "/data" }]),
          ],
        },
      ],
      volumes: [
        { name: "tmp", emptyDir: {} },
        ...(claim === undefined
          ? []
          : [{ name: "data", persistentVolumeClaim: { claimName: claim } }]),
      ],
    },
  };
}

/** Asks again until the answer is as expected; fails with the last answer. */
export async function eventually<T>(
  ask: () => Promise<T>,
  expected: (answer: T) => boolean,
  timeoutMs = 30_000,
): Promise<number> {
  const started = performance.now();
  for (;;) {
    const answer = await ask();
    const elapsed = performance.now() - started;
    if (expected(answer)) return elapsed;
    if (elapsed > timeoutMs) {
      throw new Error(`after ${timeoutMs} ms still ${JSON.stringify(answer)}`);
    }
    await sleep(100);
  }
}
