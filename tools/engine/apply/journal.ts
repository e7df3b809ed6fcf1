/**
 * The stack's state while it changes. It knows the old state (`base`) and what this run has made
 * of it (`fresh`), and can give a whole, valid snapshot at any moment. Every change of the world is
 * announced before it begins and recorded before the program hears of it; saves that wait for the
 * disk at the same time share one write.
 */
import type { OperationKind, PendingOperation, ResourceState, Snapshot } from "../resource.ts";

export interface JournalOptions {
  readonly base: Snapshot | undefined;
  readonly simulated: boolean;
  /** undefined in a preview: nothing is written. */
  readonly save: ((snapshot: Snapshot) => Promise<void>) | undefined;
}

export class Journal {
  /** In registration order, which is a dependency order: a resource's dependencies come first. */
  private readonly fresh = new Map<string, ResourceState>();
  private readonly base: Map<ResourceState, ResourceState>;
  private readonly pending = new Set<PendingOperation>();
  private readonly renamed = new Map<string, string>();
  private readonly options: JournalOptions;
  private dirty = false;
  private writing: Promise<void> | undefined;
  private queued: Promise<void> | undefined;

  constructor(options: JournalOptions) {
    this.options = options;
    this.base = new Map((options.base?.resources ?? []).map((state) => [state, state]));
    for (const operation of options.base?.pendingOperations ?? []) this.pending.add(operation);
  }

  /** The old states that this run has not yet taken over or removed, as they are now. */
  remaining(): { readonly old: ResourceState; readonly now: ResourceState }[] {
    return [...this.base].map(([old, now]) => ({ old, now }));
  }

  /** What `old` has become in this run; undefined once it was taken over or removed. */
  current(old: ResourceState): ResourceState | undefined {
    return this.base.get(old);
  }

  freshStates(): ResourceState[] {
    return [...this.fresh.values()];
  }

  get(urn: string): ResourceState | undefined {
    return this.fresh.get(urn);
  }

  pendingOperations(): PendingOperation[] {
    return [...this.pending];
  }

  /** Records the new state of a URN; `old` is the state it takes the place of. */
  put(state: ResourceState, old?: ResourceState): void {
    if (old !== undefined) {
      if (this.base.delete(old) && old.urn !== state.urn) this.rename(old.urn, state.urn);
    }
    if (state === old && this.renamed.size === 0) this.fresh.set(state.urn, state);
    else {
      this.fresh.set(state.urn, state);
      this.dirty = true;
    }
  }

  rename(oldUrn: string, urn: string): void {
    this.renamed.set(oldUrn, urn);
    this.dirty = true;
  }

  /** Changes an old state in place: marked for deletion, refreshed ... */
  amend(old: ResourceState, now: ResourceState): void {
    if (!this.base.has(old)) return;
    this.base.set(old, now);
    if (old !== now) this.dirty = true;
  }

  /** Adds a resource that exists in the world but was missing from the old state. */
  adopt(state: ResourceState): void {
    this.base.set(state, state);
    this.dirty = true;
  }

  /** Is there anything the disk does not know yet? (In a preview: would there be.) */
  get changed(): boolean {
    return this.dirty;
  }

  /** Forgets an old state: deleted, or no longer ours. */
  drop(old: ResourceState): void {
    if (this.base.delete(old)) this.dirty = true;
  }

  /** Writes down what is about to happen, before it happens. */
  async begin(type: OperationKind, resource: ResourceState): Promise<PendingOperation> {
    const operation = { type, resource };
    this.pending.add(operation);
    this.dirty = true;
    await this.save();
    return operation;
  }

  /** The change is recorded (or did not happen): the announcement is taken back. */
  end(operation: PendingOperation): void {
    if (this.pending.delete(operation)) this.dirty = true;
  }

  snapshot(): Snapshot {
    const resources = [...this.fresh.values(), ...this.base.values()];
    return {
      manifest: { time: new Date().toISOString(), magic: "", version: "" },
      resources: this.renamed.size === 0 ? resources : resources.map((state) => this.relink(state)),
      pendingOperations: [...this.pending],
      simulated: this.options.simulated,
    };
  }

  /** Resolves once everything recorded before the call would survive a kill -9. */
  async save(): Promise<void> {
    if (this.options.save === undefined) return;
    if (this.queued !== undefined) return this.queued;
    if (this.writing === undefined) return this.write();
    // One write is on its way and may have begun before our change: wait, then write once for all
    // who came meanwhile.
    const before = this.writing;
    this.queued = (async () => {
      await before.catch(() => {});
      this.queued = undefined;
      await this.write();
    })();
    return this.queued;
  }

  private write(): Promise<void> {
    const save = this.options.save;
    if (save === undefined || !this.dirty) return Promise.resolve();
    this.dirty = false;
    const writing = save(this.snapshot()).catch((error: unknown) => {
      this.dirty = true;
      throw error;
    });
    this.writing = writing;
    const done = () => {
      if (this.writing === writing) this.writing = undefined;
    };
    writing.then(done, done);
    return writing;
  }

  /** Old states may still name a resource by the URN it had before it was renamed. */
  private relink(state: ResourceState): ResourceState {
    const link = (urn: string): string => this.renamed.get(urn) ?? urn;
    const provider = state.provider;
    const cut = provider?.lastIndexOf("::") ?? 0;
    const linked: ResourceState = {
      ...state,
      ...(state.parent === undefined ? {} : { parent: link(state.parent) }),
      ...(state.deletedWith === undefined ? {} : { deletedWith: link(state.deletedWith) }),
      ...(state.dependencies === undefined ? {} : { dependencies: state.dependencies.map(link) }),
      ...(provider === undefined
        ? {}
        : { provider: `${link(provider.slice(0, cut))}${provider.slice(cut)}` }),
      ...(state.propertyDependencies === undefined
        ? {}
        : {
            propertyDependencies: Object.fromEntries(
              Object.entries(state.propertyDependencies).map(([key, urns]) => [
                key,
                urns.map(link),
              ]),
            ),
          }),
    };
    return linked;
  }
}
