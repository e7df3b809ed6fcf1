/**
 * The contract between the engine and the place where a stack's state lives. One implementation
 * keeps Pulumi's file backend layout (file-backend.ts); tests keep it in memory.
 */
import type { ChangeCounts } from "../events.ts";
import type { Snapshot } from "../resource.ts";

export interface HistoryEntry {
  readonly kind: "update" | "refresh" | "destroy" | "import" | "preview";
  /** Milliseconds since the epoch. */
  readonly startTime: number;
  readonly endTime: number;
  readonly message: string;
  readonly result: "succeeded" | "failed" | "in-progress";
  readonly environment: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, { readonly value: string; readonly secret: boolean }>>;
  readonly resourceChanges: ChangeCounts;
}

export interface StackLock {
  release(): Promise<void>;
}

/** One stack's state. Every write is atomic: a reader sees the old file or the new one, whole. */
export interface StackStore {
  /** undefined: the stack has never been deployed. Throws StateError for a damaged file. */
  load(): Promise<Snapshot | undefined>;
  /** Returns once the snapshot would survive a kill -9 (and a power cut). */
  save(snapshot: Snapshot): Promise<void>;
  /** Throws StateLockedError, which names the holder and since when. */
  lock(operation: string): Promise<StackLock>;
  appendHistory(entry: HistoryEntry): Promise<void>;
}
