/**
 * Runs a stack in this process against the embedded engine itself: no executor, no gRPC, the cloud
 * simulated and no cluster. What the engine plans is what `npm run preview` plans, at a tenth of the cost.
 */
import * as pulumi from "@pulumi/pulumi";
import { setMockOptions } from "@pulumi/pulumi/runtime/settings.js";
import * as state from "@pulumi/pulumi/runtime/state.js";
import { type Parsed, parseSettings, renderFaults } from "../config/parse.ts";
import type { Settings } from "../config/schema.ts";
import { asTexts, type Values } from "../config/test-settings.ts";
import { UserError } from "../tools/base/user-error.ts";
import type { Execute } from "../tools/engine/apply/program-phase.ts";
import { preview, simulate } from "../tools/engine/engine.ts";
import { Monitor } from "../tools/engine/host/monitor.ts";
import type { Handlers } from "../tools/engine/host/server.ts";
import type { OperationOptions, OperationResult } from "../tools/engine/operation.ts";
import { createSimulatedAwsProvider } from "../tools/engine/providers/aws/provider.ts";
import { createKubernetesProvider } from "../tools/engine/providers/kubernetes/provider.ts";
import { createRandomProvider } from "../tools/engine/providers/random/provider.ts";
import type { Snapshot } from "../tools/engine/resource.ts";
import { MemoryStore } from "../tools/engine/state/memory-store.ts";
import type { PropertyMap } from "../tools/engine/values.ts";
import { siteTold } from "./other-site.ts";
import { withOtherStack } from "./other-stack.ts";
import { siteFaults } from "./site-faults.ts";
import { siteProgram } from "./site-program.ts";

/** Where the SDK keeps what the engine can do; not in its types, since only its executor asks. */
const { getStore } = state as unknown as { getStore(): object };

const PROJECT = "deepseek-private-service";

const FACTORIES = {
  kubernetes: ({ environment }: { environment: Readonly<Record<string, string>> }) =>
    createKubernetesProvider({ environment, renderOnly: true, standIn: true }),
  random: () => createRandomProvider({ renderOnly: true }),
  aws: ({ environment }: { environment: Readonly<Record<string, string>> }) =>
    createSimulatedAwsProvider({ simulateCloud: true, environment }),
};

/** The graph after an update that touches nothing. */
export function simulatedSite(
  stack: string,
  values: Values,
  stacks: Stacks = {},
): Promise<OperationResult> {
  return simulate(options(stack, undefined, stacks), FACTORIES, inProcess(values));
}

/** What an update from `base` to these settings would do. */
export function previewedSite(
  stack: string,
  values: Values,
  base: Snapshot | undefined,
  stacks: Stacks = {},
): Promise<OperationResult> {
  return preview(options(stack, base, stacks), FACTORIES, inProcess(values));
}

/** Outputs of other stacks, by their full names. */
export type Stacks = Readonly<Record<string, PropertyMap>>;

function options(stack: string, base: Snapshot | undefined, stacks: Stacks = {}): OperationOptions {
  return {
    projectDir: "/",
    project: PROJECT,
    stack,
    config: {},
    environment: {},
    store: new MemoryStore(base),
    stackOutputs: async (name) => stacks[name],
    simulateCloud: true,
    policyPacks: [],
    targets: [],
    parallel: 16,
    refresh: false,
    message: "",
    onEvent: () => {},
    confirm: async () => true,
    signal: new AbortController().signal,
  };
}

function inProcess(values: Values): Execute {
  return async (run, registrar, { project, stack, config, parallel }) => {
    const monitor = new Monitor(run, registrar, { project, stack, config, parallel });
    setMockOptions(withCallbacks(monitor.handlers()), project, stack, run.preview, "organization");
    Object.assign(getStore(), FEATURES);
    // What the settings say by themselves is judged before the first resource.
    accepted(stack, parseSettings(asTexts(values)));
    // The SDK keeps the stack of every promise that it makes, which is half of the time.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      await pulumi.runtime.runInPulumiStack(async () => {
        const settings = accepted(stack, await withOtherStack(asTexts(values)));
        const make = await siteProgram(settings);
        return { ...make(settings), site: siteTold(settings) };
      });
      await pulumi.runtime.disconnect();
      await monitor.settled();
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
      monitor.close();
    }
  };
}

/** As stacks/index.ts: all faults at once, before the first resource. */
function accepted(stack: string, parsed: Parsed): Settings {
  const faults = "faults" in parsed ? parsed.faults : siteFaults(parsed.settings);
  if ("settings" in parsed && faults.length === 0) return parsed.settings;
  throw new UserError(renderFaults(stack, faults), { fix: "Correct the settings." });
}

const FEATURES = {
  supportsSecrets: true,
  supportsResourceReferences: true,
  supportsOutputValues: true,
  supportsDeletedWith: true,
  supportsAliasSpecs: true,
  supportsTransforms: true,
  supportsInvokeTransforms: true,
};

type Reply = (error: unknown, response?: object) => void;

function withCallbacks(handlers: Handlers): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handle]) => [
      name,
      (request: never, ...rest: unknown[]) => {
        const reply = rest.at(-1) as Reply;
        handle(request).then(
          (response) => reply(null, response),
          (error: unknown) => reply(error),
        );
      },
    ]),
  );
}
