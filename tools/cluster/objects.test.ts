import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { daemonSpecs, STOP_ORDER } from "./daemons.ts";
import { gpuNode, gpuNodeStatus, stages } from "./gpu-nodes.ts";
import { clusterLayout } from "./layout.ts";
import { nodeFiles } from "./node-files.ts";
import { dns, storage } from "./objects.ts";

const layout = clusterLayout("/srv/checkout/.state/cluster");
const binaries = {
  kube: "/c/kube",
  coredns: "/c/d",
  kwok: "/c/kwok",
  pause: "/c/p",
  networkGate: "/c/g",
};

test("every program is ended by stop, and waits for programs that exist", () => {
  const specs = daemonSpecs(layout, { binaries, lockForwarding: true, gpuNodes: 2 });
  const names = specs.map(({ name }) => name);
  expect([...names].sort()).toEqual([...STOP_ORDER].sort());
  for (const { after } of specs) {
    for (const name of after) expect([...names, "objects"]).toContain(name);
  }
  const without = daemonSpecs(layout, { binaries, lockForwarding: true, gpuNodes: 0 });
  expect(without.map(({ name }) => name)).not.toContain("kwok");
});

test("nothing listens on every address, and no secret stands among the arguments", () => {
  for (const { command } of daemonSpecs(layout, { binaries, lockForwarding: true, gpuNodes: 1 })) {
    expect(command.join(" ")).not.toMatch(/0\.0\.0\.0|\[::\]|PRIVATE KEY|password/);
  }
});

test("volumes lie directly below the volumes folder, which is what the recycler accepts", () => {
  const volumes = storage(layout).filter((object) => object.kind === "PersistentVolume");
  const paths = volumes.map((volume) => (volume["spec"] as { local: { path: string } }).local.path);
  expect(new Set(paths).size).toBe(12);
  for (const path of paths)
    expect(path).toMatch(/^\/srv\/checkout\/\.state\/cluster\/volumes\/[^/]+$/);
});

test("DNS asks the host's resolvers only where there are some", () => {
  const corefile = (upstreams: string[]) =>
    JSON.stringify(dns(layout, { corednsImage: "x", upstreams })[1]);
  expect(corefile(["192.0.2.1"])).toContain("forward . 192.0.2.1");
  expect(corefile([])).not.toContain("forward");
});

test("a simulated node says so, and has what eight A100-80GB bring", () => {
  const { metadata } = gpuNode(0);
  expect(metadata.labels).toMatchObject({
    "deepseek.local/simulated": "true",
    "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB",
    "nvidia.com/gpu.count": "8",
  });
  expect(gpuNodeStatus(0)["status"]).toMatchObject({ allocatable: { "nvidia.com/gpu": "8" } });
});

test("kwok's stages are four valid documents", () => {
  const documents = parseAllDocuments(stages());
  const names = documents.map((document) => document.getIn(["metadata", "name"]));
  expect(names).toEqual(["node-ready", "pod-ready", "pod-complete", "pod-delete"]);
  expect(documents.flatMap((document) => document.errors)).toEqual([]);
});

test("the kubelet's folders are short and ASCII, and containerd is told the pause image", () => {
  const files = nodeFiles(layout, {
    pluginRoot: "/r",
    pauseImage: "deepseek.local/pause:1",
    snapshotter: "overlayfs",
  });
  const text = (name: string) => files.find((file) => file.path.endsWith(name))?.content ?? "";
  expect(text("containerd.toml")).toContain('sandbox_image = "deepseek.local/pause:1"');
  expect(JSON.parse(text("kubelet.json")).podLogsDir).toMatch(/^\/run\/deepseek-[0-9a-f]{8}\//);
  const plugins = JSON.parse(text(".conflist")).plugins.map((one: { type: string }) => one.type);
  expect(plugins).toEqual(["bridge", "tuning", "network-gate"]);
});
