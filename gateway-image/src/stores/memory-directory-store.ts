/** The directory's store in this process, for tests. */
import {
  type DirectoryStore,
  type EntityChange,
  RevisionConflict,
  type StoredEntity,
} from "../directory/directory-store.ts";

export class MemoryDirectoryStore implements DirectoryStore {
  readonly #entities = new Map<string, StoredEntity>();
  readonly #listeners: (() => void)[] = [];
  #revision = 0;

  async prepare(): Promise<void> {}

  async changesAfter(revision: number): Promise<StoredEntity[]> {
    return [...this.#entities.values()]
      .filter((entity) => entity.revision > revision)
      .sort((a, b) => a.revision - b.revision);
  }

  async apply(changes: readonly EntityChange[]): Promise<StoredEntity[]> {
    for (const { kind, id, expected } of changes) {
      const current = this.#entities.get(`${kind} ${id}`);
      const revision = current === undefined || current.body === null ? null : current.revision;
      if (expected !== undefined && expected !== revision) throw new RevisionConflict();
    }
    const stored = changes.map(({ kind, id, body, updatedBy }): StoredEntity => {
      this.#revision += 1;
      const entity = { kind, id, body, revision: this.#revision, updatedAt: new Date(), updatedBy };
      this.#entities.set(`${kind} ${id}`, entity);
      return entity;
    });
    for (const listener of this.#listeners) listener();
    return stored;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {}
}
