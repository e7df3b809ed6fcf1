/** Everything one run (a preview, an update, a destroy, a refresh) shares. */
import type { Analyzer } from "../policy/analyzer.ts";
import type { Provider } from "../provider.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { ResourceState } from "../resource.ts";
import { isProviderType } from "../urn.ts";
import type { Journal } from "./journal.ts";
import { Limiter } from "./limiter.ts";
import type { Reporter } from "./reporter.ts";
import { StoppedError } from "./stopped.ts";

export interface RunOptions {
  readonly stack: string;
  readonly project: string;
  readonly preview: boolean;
  readonly parallel: number;
  readonly targets: readonly string[];
  readonly signal: AbortSignal;
  readonly registry: ProviderRegistry;
  readonly journal: Journal;
  readonly reporter: Reporter;
  /** Policy packs start while the program loads; the first registration waits for them. */
  readonly analyzers: Promise<readonly Analyzer[]>;
  readonly judged: boolean;
  /** Does a mandatory rule forbid, or is its violation told and no more? */
  readonly blocking: boolean;
}

/** How long after an interrupt or a failure the program is told to end, at most. */
const STOP_CHECK_MS = 100;

export class Run {
  readonly options: RunOptions;
  readonly limiter: Limiter;
  readonly registry: ProviderRegistry;
  readonly journal: Journal;
  readonly reporter: Reporter;
  readonly preview: boolean;
  /** Old states by URN, without those already marked for deletion; see Journal.current. */
  readonly olds: ReadonlyMap<string, ResourceState>;
  /** Old states whose resource has been registered in this run: it decides about itself. */
  readonly claimed = new Set<ResourceState>();
  /** Old states being deleted so that they can be made anew; their registration waits for it. */
  readonly givingWay = new Map<ResourceState, Promise<void>>();
  private readonly targets: ReadonlySet<string>;
  private readonly providerOfProviders: Provider;

  constructor(options: RunOptions) {
    this.options = options;
    this.limiter = new Limiter(options.parallel);
    this.registry = options.registry;
    this.journal = options.journal;
    this.reporter = options.reporter;
    this.preview = options.preview;
    this.targets = new Set(options.targets);
    this.providerOfProviders = options.registry.asProvider();
    this.olds = new Map(
      options.journal
        .remaining()
        .filter(({ now }) => now.delete !== true)
        .map(({ old, now }) => [now.urn, old]),
    );
    options.registry.addFromState(options.journal.remaining().map(({ now }) => now));
  }

  get stopped(): boolean {
    return this.options.signal.aborted || (!this.preview && this.reporter.failed);
  }

  /** Calls back once, as soon as the run has stopped. */
  onStop(work: () => Promise<void>): { forget(): void } {
    const { signal } = this.options;
    const forget = () => {
      clearInterval(timer);
    };
    const timer = setInterval(() => {
      const told = this.preview && this.reporter.failures.length > 0;
      if (!this.stopped && !told) return;
      forget();
      void work();
    }, STOP_CHECK_MS);
    if (signal.aborted) void work();
    return { forget };
  }

  /** Throws once the run has stopped: nothing new may begin. */
  proceed(): void {
    if (this.stopped) throw new StoppedError();
  }

  /** Pulumi providers and the stack itself are always in scope. */
  isTarget(urn: string, type: string): boolean {
    if (this.targets.size === 0 || isProviderType(type)) return true;
    return type === "pulumi:pulumi:Stack" || this.targets.has(urn);
  }

  async providerFor(type: string, reference: string | undefined): Promise<Provider> {
    if (isProviderType(type)) return this.providerOfProviders;
    if (reference === undefined || reference === "") {
      throw new Error(`${type} has no Pulumi provider`);
    }
    return this.registry.get(reference);
  }

  /** One provider call's context: stop signal, time limit, live status. */
  request(state: { urn: string; type: string; name: string }, timeoutSeconds?: number) {
    return {
      urn: state.urn,
      type: state.type,
      name: state.name,
      preview: this.preview,
      timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000,
      signal: this.options.signal,
      report: (status: string) => this.reporter.status(state.urn, status),
    };
  }
}
