/**
 * Drives a Pulumi provider in tests the way the engine does: check, then preview or create, diff
 * and update, delete; and plays the kubelet for pods that a control plane without nodes leaves alone.
 */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Diff, Provider, ReadResult, ResourceResult } from "../../provider.ts";
import type { PropertyMap } from "../../values.ts";
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

export function urnOf(type: string, name: string): string {
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

/** Gives every pod with the labels the status, again and again, until it is stopped. */
export function fakeKubelet(
  server: TestApiServer,
  namespace: string,
  selector: string,
  status: PodStatus,
): FakeKubelet {
  let stopped = false;
  const pass = async () => {
    const listed = await server.kubectl([
      "get",
      "pods",
      "-n",
      namespace,
      "-l",
      selector,
      "-o",
      "name",
    ]);
    for (const name of listed.split("\n").filter((line) => line !== "")) {
      const patch = JSON.stringify({ status });
      await server.kubectl([
        "patch",
        name,
        "-n",
        namespace,
        "--subresource=status",
        "--type=merge",
        "-p",
        patch,
      ]);
    }
  };
  const running = (async () => {
    while (!stopped) {
      // Pods come and go between listing and patching; the next pass sees them as they are.
      await pass().catch(() => {});
      await sleep(300);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}
