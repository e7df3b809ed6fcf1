/**
 * Drives a Pulumi provider in tests the way the engine does: check, then preview or create, diff
 * and update, delete; and plays the kubelet for pods that a control plane without nodes leaves alone.
 */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Diff, Provider, ReadResult, ResourceResult } from "../../provider.ts";
import type { PropertyMap } from "../../values.ts";
import { listAt, nameOf, namespaceOf, stringAt } from "./kube-object.ts";
import type { TestApiServer } from "./test-api-server.ts";

export interface Managed {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
}

export interface StepOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly report?: (status: string) => void;
}

export interface TestStack {
  check(type: string, name: string, inputs: PropertyMap, old?: PropertyMap): Promise<PropertyMap>;
  preview(type: string, name: string, inputs: PropertyMap): Promise<ResourceResult>;
  create(type: string, name: string, inputs: PropertyMap, options?: StepOptions): Promise<Managed>;
  diff(before: Managed, inputs: PropertyMap, ignoreChanges?: readonly string[]): Promise<Diff>;
  update(before: Managed, inputs: PropertyMap, options?: StepOptions): Promise<Managed>;
  read(managed: Managed): Promise<ReadResult | undefined>;
  delete(managed: Managed, options?: StepOptions): Promise<void>;
}

function urnOf(type: string, name: string): string {
  return `urn:pulumi:test::project::${type}::${name}`;
}

export function testStack(provider: Provider): TestStack {
  const check = async (
    type: string,
    name: string,
    inputs: PropertyMap,
    oldInputs?: PropertyMap,
  ) => {
    const urn = urnOf(type, name);
    const randomSeed = createHash("sha256").update(urn).digest();
    const result = await provider.check({
      urn,
      type,
      name,
      oldInputs,
      inputs,
      randomSeed,
      preview: false,
    });
    if (result.failures.length > 0) throw new Error(JSON.stringify(result.failures));
    return result.inputs;
  };
  const base = (type: string, name: string, preview: boolean, options: StepOptions = {}) => ({
    urn: urnOf(type, name),
    type,
    name,
    preview,
    timeoutMs: options.timeoutMs,
    signal: options.signal ?? new AbortController().signal,
    report: options.report ?? (() => {}),
  });
  return {
    check,
    preview: async (type, name, raw) =>
      provider.create({ ...base(type, name, true), inputs: await check(type, name, raw) }),
    create: async (type, name, raw, options) => {
      const inputs = await check(type, name, raw);
      const { id, outputs } = await provider.create({
        ...base(type, name, false, options),
        inputs,
      });
      return { type, name, id, inputs, outputs };
    },
    diff: async (before, raw, ignoreChanges = []) => {
      const inputs = await check(before.type, before.name, raw, before.inputs);
      const { urn, type } = base(before.type, before.name, true);
      const { id, inputs: oldInputs, outputs: oldOutputs } = before;
      return provider.diff({
        urn,
        type,
        id,
        oldInputs,
        oldOutputs,
        inputs,
        ignoreChanges,
        preview: true,
      });
    },
    update: async (before, raw, options) => {
      const inputs = await check(before.type, before.name, raw, before.inputs);
      const { id, inputs: oldInputs, outputs: oldOutputs } = before;
      const request = base(before.type, before.name, false, options);
      const { outputs } = await provider.update({ ...request, id, oldInputs, oldOutputs, inputs });
      return { ...before, inputs, outputs };
    },
    read: ({ type, name, id, inputs, outputs }) =>
      provider.read({ ...base(type, name, false), id, inputs, outputs }),
    delete: ({ type, name, id, inputs, outputs }, options) =>
      provider.delete({ ...base(type, name, false, options), id, inputs, outputs }),
  };
}

export interface FakeKubelet {
  stop(): Promise<void>;
}

export interface PodStatus {
  readonly phase: string;
  readonly conditions: readonly PropertyMap[];
  readonly [key: string]: unknown;
}

export const RUNNING: PodStatus = {
  phase: "Running",
  podIP: "10.9.9.9",
  podIPs: [{ ip: "10.9.9.9" }],
  conditions: [
    { type: "PodScheduled", status: "True" },
    { type: "Ready", status: "True" },
  ],
};

const NODE = "fake-node";

/**
 * Puts every pod with the labels on a node that does not exist, gives it the status, and confirms
 * its deletion, again and again until it is stopped.
 */
export function fakeKubelet(
  server: TestApiServer,
  namespace: string,
  selector: string,
  status: PodStatus,
): FakeKubelet {
  let stopped = false;
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: NODE } };
  const running = (async () => {
    await server.kubectl(["create", "-f", "-"], JSON.stringify(node)).catch(() => {});
    while (!stopped) {
      const listed = await server
        .kubectl(["get", "pods", "-n", namespace, "-l", selector, "-o", "json"])
        .catch(() => "{}");
      for (const pod of listAt(JSON.parse(listed), "items")) {
        // Pods come and go between listing and patching; the next pass sees them as they are.
        await tend(server, pod, status).catch(() => {});
      }
      await sleep(200);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}

async function tend(server: TestApiServer, pod: PropertyMap, status: PodStatus): Promise<void> {
  const name = nameOf(pod);
  const inNamespace = ["-n", namespaceOf(pod)];
  if (stringAt(pod, "metadata", "deletionTimestamp") !== undefined) {
    await server.kubectl([
      "delete",
      "pod",
      name,
      ...inNamespace,
      "--force",
      "--grace-period=0",
      "--wait=false",
    ]);
    return;
  }
  if (stringAt(pod, "spec", "nodeName") === undefined) {
    const target = { apiVersion: "v1", kind: "Node", name: NODE };
    const binding = { apiVersion: "v1", kind: "Binding", metadata: { name }, target };
    const path = `/api/v1/namespaces/${namespaceOf(pod)}/pods/${name}/binding`;
    await server.kubectl(["create", "--raw", path, "-f", "-"], JSON.stringify(binding));
  }
  if (stringAt(pod, "status", "phase") === status.phase && status.conditions.length === 0) return;
  const patch = JSON.stringify({ status });
  await server.kubectl([
    "patch",
    "pod",
    name,
    ...inNamespace,
    "--subresource=status",
    "--type=merge",
    "-p",
    patch,
  ]);
}
