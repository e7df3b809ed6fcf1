/**
 * The contract of the store behind the directory: entities as documents, each change with a
 * revision that grows by one over all kinds, so that every gateway can follow by asking "what is
 * newer than n". All implementations pass directory-store.contract.ts.
 */
import type { EntityKind } from "./entities.ts";

export interface StoredEntity {
  readonly kind: EntityKind;
  readonly id: string;
  /** Already parsed by the kind's schema; null: removed. */
  readonly body: Readonly<Record<string, unknown>> | null;
  readonly revision: number;
  readonly updatedAt: Date;
  /** The principal who changed it. */
  readonly updatedBy: string;
}

export interface EntityChange {
  readonly kind: EntityKind;
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>> | null;
  /** The revision that the author saw; null: must not exist; undefined: whatever is there. */
  readonly expected?: number | null;
  readonly updatedBy: string;
}

/** Somebody else changed it meanwhile. */
export class RevisionConflict extends Error {}

export interface DirectoryStore {
  prepare(): Promise<void>;
  /** In the order of their revisions; removals included. `after` 0: everything. */
  changesAfter(revision: number): Promise<StoredEntity[]>;
  /** All or none; throws RevisionConflict. Returns the changes as stored. */
  apply(changes: readonly EntityChange[]): Promise<StoredEntity[]>;
  /** Calls back soon after somebody changed something; a hint only, polling decides. */
  onChange(listener: () => void): void;
  close(): Promise<void>;
}
