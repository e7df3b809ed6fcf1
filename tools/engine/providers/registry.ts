/**
 * The Pulumi providers of one run, by reference (`URN::ID`). One is made when its own resource
 * (`pulumi:providers:kubernetes`) is registered or found in the state, and configured when the
 * first call needs it. The registry is itself a Provider: of the resources that are providers.
 */
import { randomUUID } from "node:crypto";
import { UserError } from "../../base/user-error.ts";
import type { Provider } from "../provider.ts";
import type { ResourceState } from "../resource.ts";
import { isProviderType, makeReference, packageOf, parseReference } from "../urn.ts";
import type { ConfigValue } from "../values.ts";
import { type PropertyMap, type PropertyValue, secret, UNKNOWN } from "../values.ts";
import type { ProviderContext, ProviderFactories } from "./factory.ts";

/** Options of the engine, kept among the inputs in Pulumi's state; no concern of the provider. */
const ENGINE_KEYS = ["version", "pluginDownloadURL", "__internal"] as const;

interface Entry {
  readonly packageName: string;
  readonly inputs: PropertyMap;
  ready: Promise<Provider> | undefined;
}

export class ProviderRegistry {
  private readonly entries = new Map<string, Entry>();
  private readonly opened: Provider[] = [];
  /** One unconfigured instance per package answers checkConfig and diffConfig. */
  private readonly checkers = new Map<string, Provider>();
  private readonly factories: ProviderFactories;
  private readonly context: ProviderContext;

  constructor(factories: ProviderFactories, context: ProviderContext) {
    this.factories = factories;
    this.context = context;
  }

  /** Makes known the Pulumi providers of a state, for resources the program no longer names. */
  addFromState(resources: readonly ResourceState[]): void {
    for (const state of resources) {
      if (!isProviderType(state.type) || state.id === undefined) continue;
      this.set(makeReference(state.urn, state.id), packageOf(state.type), state.inputs ?? {});
    }
  }

  set(reference: string, packageName: string, inputs: PropertyMap): void {
    this.entries.set(reference, { packageName, inputs, ready: undefined });
  }

  inputsOf(reference: string): PropertyMap | undefined {
    return this.entries.get(reference)?.inputs;
  }

  /** The configured Pulumi provider behind a reference. */
  async get(reference: string): Promise<Provider> {
    const entry = this.entries.get(reference);
    if (entry === undefined) {
      throw new Error(`unknown Pulumi provider ${parseReference(reference).urn}`);
    }
    entry.ready ??= this.configure(entry);
    return entry.ready;
  }

  /** Stack configuration `kubernetes:context` → input `context` of the default provider. */
  defaultInputs(packageName: string): PropertyMap {
    const prefix = `${packageName}:`;
    const found: Record<string, PropertyValue> = {};
    for (const [key, value] of Object.entries(this.context.config)) {
      if (key.startsWith(prefix)) found[key.slice(prefix.length)] = configInput(value);
    }
    return found;
  }

  /** What the Pulumi providers say of a preview that has ended. */
  async previewFaults(signal: AbortSignal): Promise<Error[]> {
    const told = this.opened.map((provider) => provider.previewFaults?.(signal) ?? []);
    return (await Promise.all(told)).flat();
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.opened.map((provider) => provider.close()));
  }

  /** The Provider of `pulumi:providers:*` resources: check, diff, create ... of a configuration. */
  asProvider(): Provider {
    const unsupported = async (): Promise<never> => {
      throw new Error("a Pulumi provider's own resource has no invokes");
    };
    return {
      checkConfig: unsupported,
      diffConfig: unsupported,
      configure: async () => {},
      check: async ({ type, inputs }) => {
        const checked = await this.checker(type).checkConfig(withoutEngineKeys(inputs));
        return { ...checked, inputs: { ...checked.inputs, ...engineKeys(inputs) } };
      },
      diff: async ({ type, oldInputs, inputs }) => {
        const provider = this.checker(type);
        return provider.diffConfig(withoutEngineKeys(oldInputs), withoutEngineKeys(inputs));
      },
      create: async ({ inputs, preview }) => ({
        id: preview ? UNKNOWN : randomUUID(),
        outputs: withoutInternal(inputs),
      }),
      update: async ({ inputs }) => ({ outputs: withoutInternal(inputs) }),
      delete: async () => {},
      read: async ({ id, inputs, outputs }) => ({ id, inputs, outputs }),
      invoke: unsupported,
      close: async () => {},
    };
  }

  private checker(type: string): Provider {
    const packageName = packageOf(type);
    const provider = this.checkers.get(packageName) ?? this.open(packageName);
    this.checkers.set(packageName, provider);
    return provider;
  }

  private async configure(entry: Entry): Promise<Provider> {
    const provider = this.open(entry.packageName);
    await provider.configure(withoutEngineKeys(entry.inputs));
    return provider;
  }

  private open(packageName: string): Provider {
    const factory = this.factories[packageName];
    if (factory === undefined) {
      const known = Object.keys(this.factories).sort().join(", ");
      throw new UserError(`the embedded engine has no Pulumi provider for "${packageName}"`, {
        where: `package ${packageName}`,
        fix: `It knows ${known}. For others use the Pulumi CLI (--engine pulumi).`,
      });
    }
    const provider = factory(this.context);
    this.opened.push(provider);
    return provider;
  }
}

function configInput(value: ConfigValue): PropertyValue {
  return value.secret ? secret(value.value) : value.value;
}

function withoutEngineKeys(inputs: PropertyMap): PropertyMap {
  const rest: Record<string, PropertyValue> = { ...inputs };
  for (const key of ENGINE_KEYS) delete rest[key];
  return rest;
}

function engineKeys(inputs: PropertyMap): PropertyMap {
  const kept: Record<string, PropertyValue> = {};
  for (const key of ENGINE_KEYS) {
    const value = inputs[key];
    if (value !== undefined) kept[key] = value;
  }
  return kept;
}

function withoutInternal({ __internal, ...rest }: PropertyMap): PropertyMap {
  return rest;
}
