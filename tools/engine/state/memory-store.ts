/** A StackStore in memory, for tests of the engine and for operations that keep nothing. */
import type { Snapshot } from "../resource.ts";
import type { HistoryEntry, StackLock, StackStore } from "./store.ts";

export class MemoryStore implements StackStore {
  snapshot: Snapshot | undefined;
  readonly history: HistoryEntry[] = [];
  saves = 0;
  private holder: string | undefined;

  constructor(snapshot?: Snapshot) {
    this.snapshot = snapshot;
  }

  async load(): Promise<Snapshot | undefined> {
    return this.snapshot;
  }

  async save(snapshot: Snapshot): Promise<void> {
    this.saves += 1;
    this.snapshot = snapshot;
  }

  async lock(operation: string): Promise<StackLock> {
    if (this.holder !== undefined) throw new Error(`locked by ${this.holder}`);
    this.holder = operation;
    return {
      release: async () => {
        this.holder = undefined;
      },
    };
  }

  async appendHistory(entry: HistoryEntry): Promise<void> {
    this.history.push(entry);
  }
}
