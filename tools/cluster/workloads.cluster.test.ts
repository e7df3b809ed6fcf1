/** What workloads may rely on: GPU nodes to be packed, NodePorts on loopback, volumes that come back. */

import { spawn } from "node:child_process";
import net from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runOrThrow } from "../base/process.ts";
import { silentProgress } from "../base/progress.ts";
import { startCluster } from "./cluster.ts";
import { ensureHostPrograms } from "./host-programs.ts";
import { createTestCluster, eventually, type TestCluster, testerPod } from "./test-cluster.ts";

const NEIGHBOUR = "deepseek-neighbour";

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await createTestCluster(2);
});

afterAll(async () => {
  await cluster?.remove();
});

function gpuPod(name: string, gpus: number, node: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: "gpu" } },
    spec: {
      terminationGracePeriodSeconds: 0,
      nodeSelector: {
        "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB",
        "kubernetes.io/hostname": node,
      },
      tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
      containers: [
        {
          name: "model",
          image: "example.invalid/model",
          resources: { limits: { "nvidia.com/gpu": gpus } },
        },
      ],
    },
  };
}

function phases(selector: string): Promise<string[]> {
  const path = "jsonpath={range .items[*]}{.metadata.name}={.status.phase} {end}";
  return cluster
    .kubectl("get", "pods", "-l", selector, "-o", path)
    .then((text) => text.split(" ").filter((one) => one !== ""));
}

test("three pods of four GPUs on a node of eight: the third waits, and the taint holds", async () => {
  await cluster.apply(...["a", "b", "c"].map((name) => gpuPod(name, 4, "gpu-1")));
  await eventually(
    () => phases("app=gpu"),
    (found) => found.filter((one) => one.endsWith("=Running")).length === 2,
  );
  const waiting = (await phases("app=gpu")).filter((one) => one.endsWith("=Pending"));
  expect(waiting).toHaveLength(1);
  const name = waiting[0]?.split("=")[0] ?? "";
  const reason = () =>
    cluster.kubectl(
      "get",
      "pod",
      name,
      "-o",
      "jsonpath={.status.conditions[?(@.type=='PodScheduled')].message}",
    );
  await eventually(reason, (text) => text.includes("Insufficient nvidia.com/gpu"));
  const node = JSON.parse(await cluster.kubectl("get", "node", "gpu-2", "-o", "json"));
  expect(node.metadata.labels).toMatchObject({
    "deepseek.local/simulated": "true",
    "nvidia.com/gpu.memory": "81920",
  });
  expect(node.status.allocatable).toMatchObject({ "nvidia.com/gpu": "8", cpu: "96" });
  expect(node.spec.taints).toContainEqual({
    key: "nvidia.com/gpu",
    value: "present",
    effect: "NoSchedule",
  });
  await cluster.kubectl("delete", "pods", "-l", "app=gpu", "--timeout=30s");
});

test("fewer simulated nodes are asked for: the others go", async () => {
  await startCluster({ dir: cluster.dir, gpuNodes: 1, progress: silentProgress });
  await eventually(
    () => cluster.kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"),
    (names) => names === "gpu-1 local",
  );
});

test("a NodePort answers on loopback and nowhere else", async () => {
  await cluster.apply(
    testerPod(cluster.tester, "edge", {
      labels: { app: "edge" },
      script: "while :; do echo hello | nc -l -p 8443 >/dev/null; done",
    }),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "edge" },
      spec: {
        type: "NodePort",
        selector: { app: "edge" },
        ports: [{ port: 8443, nodePort: 30443 }],
      },
    },
    // The stack denies everything that is not named; what the node itself sends passes.
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "deny", namespace: "default" },
      spec: { podSelector: {}, policyTypes: ["Ingress"] },
    },
  );
  await cluster.kubectl("wait", "--for=condition=Ready", "pod/edge", "--timeout=60s");
  await eventually(
    () => read("127.0.0.1", 30443),
    (text) => text === "hello",
  );
  const others = Object.values(networkInterfaces())
    .flat()
    .filter((one) => one !== undefined && one.family === "IPv4" && !one.internal)
    .map((one) => one?.address ?? "");
  expect(others).toContain(cluster.nodeAddress);
  for (const address of others)
    expect({ address, text: await read(address, 30443) }).toEqual({ address, text: "" });
});

/** Asks from a neighbour's place: another network namespace, with this machine as its gateway. */
async function fromNeighbour(host: string, port: number): Promise<string> {
  const script = `const s = require("net").connect({ host: "${host}", port: ${port} });
    s.setTimeout(1500, () => s.destroy()); s.on("error", () => {}); s.on("close", () => process.exit());
    s.on("data", (d) => process.stdout.write(d));`;
  return (await ip("netns", "exec", NEIGHBOUR, process.execPath, "-e", script)).trim();
}

async function ip(...args: string[]): Promise<string> {
  const { env } = await ensureHostPrograms(silentProgress);
  return (await runOrThrow("ip", args, { env })).stdout;
}

async function withNeighbour(work: () => Promise<void>): Promise<void> {
  const inside = ["netns", "exec", NEIGHBOUR, "ip"];
  await ip("netns", "add", NEIGHBOUR);
  const server =
    "require('net').createServer((s) => s.end(s.remoteAddress)).listen(9000, '0.0.0.0')";
  const { env } = await ensureHostPrograms(silentProgress);
  await ip("link", "add", "neighbour0", "type", "veth", "peer", "name", "up0", "netns", NEIGHBOUR);
  await ip("address", "add", "198.51.100.1/24", "dev", "neighbour0");
  await ip("link", "set", "neighbour0", "up");
  await ip(...inside, "address", "add", "198.51.100.2/24", "dev", "up0");
  await ip(...inside, "link", "set", "up0", "up");
  await ip(...inside, "route", "add", "default", "via", "198.51.100.1");
  const listening = spawn("ip", ["netns", "exec", NEIGHBOUR, process.execPath, "-e", server], {
    env,
  });
  try {
    await work();
  } finally {
    listening.kill("SIGKILL");
    await ip("link", "delete", "neighbour0");
    await ip("netns", "delete", NEIGHBOUR);
  }
}

test("a neighbour reaches no pod, no NodePort and no API server; pods reach the neighbour", async () => {
  const pod = await cluster.kubectl("get", "pod", "edge", "-o", "jsonpath={.status.podIP}");
  const ask = ["exec", "edge", "--", "sh", "-c", "nc -w 2 198.51.100.2 9000 </dev/null"];
  await withNeighbour(async () => {
    // Seen from outside, a pod is this machine.
    const answer = async () => (await cluster.tryKubectl(ask)).stdout.trim();
    await eventually(answer, (text) => text === "198.51.100.1");
    const closed: [string, number][] = [
      [pod, 8443],
      ["198.51.100.1", 30443],
      ["198.51.100.1", 6443],
      [cluster.nodeAddress, 6443],
      [cluster.nodeAddress, 10250],
    ];
    for (const [host, port] of closed) {
      expect({ host, port, text: await fromNeighbour(host, port) }).toEqual({
        host,
        port,
        text: "",
      });
    }
  });
});

test("a pod reaches itself through its own Service", async () => {
  const address = await cluster.kubectl(
    "get",
    "service",
    "edge",
    "-o",
    "jsonpath={.spec.clusterIP}",
  );
  const ask = ["exec", "edge", "--", "sh", "-c", `nc -w 2 ${address} 8443 </dev/null`];
  expect((await cluster.tryKubectl(ask)).stdout.trim()).toBe("hello");
});

test("a released volume is emptied and offered again", async () => {
  const claim = (name: string) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name },
    spec: {
      accessModes: ["ReadWriteOnce"],
      storageClassName: "local",
      resources: { requests: { storage: "1Gi" } },
    },
  });
  await cluster.apply(
    claim("first"),
    testerPod(cluster.tester, "writer", {
      claim: "first",
      script: "echo secret > /data/file && sleep 3600",
    }),
  );
  await cluster.kubectl("wait", "--for=condition=Ready", "pod/writer", "--timeout=60s");
  const volume = await cluster.kubectl("get", "pvc", "first", "-o", "jsonpath={.spec.volumeName}");
  const started = performance.now();
  await cluster.kubectl("delete", "pod/writer", "pvc/first", "--timeout=60s");
  const phase = () => cluster.kubectl("get", "pv", volume, "-o", "jsonpath={.status.phase}");
  await eventually(phase, (found) => found === "Available");
  expect(performance.now() - started).toBeLessThan(30_000);
  // Every volume is taken in turn, so the used one too: all are empty.
  const names = Array.from({ length: 12 }, (_, index) => `again-${index}`);
  await cluster.apply(
    ...names.flatMap((name) => [
      claim(name),
      testerPod(cluster.tester, name, {
        claim: name,
        labels: { app: "reader" },
        script: "echo files:$(ls -A /data); sleep 3600",
      }),
    ]),
  );
  await cluster.kubectl(
    "wait",
    "--for=condition=Ready",
    "pod",
    "-l",
    "app=reader",
    "--timeout=120s",
  );
  const logs = await cluster.kubectl("logs", "-l", "app=reader", "--max-log-requests=12");
  expect(logs.split("\n")).toEqual(names.map(() => "files:"));
});

/** What a TCP server sends first; "" where nobody answers within a second and a half. */
function read(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    let text = "";
    const end = () => {
      socket.destroy();
      resolve(text.trim());
    };
    socket.setTimeout(1_500, end);
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      end();
    });
    socket.once("error", end);
    socket.once("end", end);
  });
}
