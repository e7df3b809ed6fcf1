/**
 * Follows a set of objects: one list, then a watch from there on, for as long as the signal lets
 * it. A watch that breaks, expires or is ended is taken up again; where it has lost its place (410)
 * or the API server was away, the set is listed anew. Nothing is polled.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isObject } from "../../../values.ts";
import type { ApiClient } from "../api-client.ts";
import { ApiError, apiErrorOf, UnreachableError } from "../api-error.ts";
import {
  field,
  type GroupVersionKind,
  type KubeObject,
  listAt,
  mapAt,
  stringAt,
} from "../kube-object.ts";

export interface StreamTarget {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly gvk: GroupVersionKind;
}

export interface StreamSink {
  /** The whole set, after each change. */
  onObjects(objects: readonly KubeObject[]): void;
  /** The API server is away (text), or back (undefined). */
  onTrouble(text: string | undefined): void;
}

const RETRY_MS = 1_000;

/** Returns when `signal` is aborted; throws what the API server refuses for good (403, 404 of a kind). */
export async function streamObjects(
  client: ApiClient,
  target: StreamTarget,
  sink: StreamSink,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await followOnce(client, target, sink, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error)) throw error;
      sink.onTrouble(error instanceof Error ? error.message : String(error));
    }
    await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof UnreachableError) return true;
  return (
    error instanceof ApiError && (error.code >= 500 || error.code === 410 || error.code === 429)
  );
}

/** Lists, then watches until the watch has lost its place. */
async function followOnce(
  client: ApiClient,
  target: StreamTarget,
  sink: StreamSink,
  signal: AbortSignal,
): Promise<void> {
  const list = await client.request({
    method: "GET",
    path: target.path,
    query: target.query,
    signal,
  });
  const objects = new Map<string, KubeObject>();
  for (const item of listAt(list, "items")) objects.set(keyOf(item), { ...target.gvk, ...item });
  let version = stringAt(list, "metadata", "resourceVersion") ?? "";
  sink.onTrouble(undefined);
  sink.onObjects([...objects.values()]);
  while (!signal.aborted) {
    const started = Date.now();
    await client.watch(
      {
        method: "GET",
        path: target.path,
        query: { ...target.query, resourceVersion: version, allowWatchBookmarks: "true" },
        signal,
      },
      (event) => {
        version = takeEvent(event, objects) ?? version;
        if (event.type !== "BOOKMARK") sink.onObjects([...objects.values()]);
      },
    );
    // The server ends a watch after a minute; one that ends at once is a server going down.
    if (Date.now() - started < RETRY_MS) await sleep(RETRY_MS, undefined, { signal });
  }
}

/** Applies one event to the set; returns the resource version to go on from. */
function takeEvent(event: KubeObject, objects: Map<string, KubeObject>): string | undefined {
  const object = event.object;
  if (!isObject(object)) return undefined;
  if (event.type === "ERROR") {
    throw apiErrorOf(Number(field(object, "code")) || 410, JSON.stringify(object), undefined);
  }
  if (event.type === "DELETED") objects.delete(keyOf(object));
  else if (event.type !== "BOOKMARK") objects.set(keyOf(object), object);
  return stringAt(object, "metadata", "resourceVersion");
}

function keyOf(object: KubeObject): string {
  const metadata = mapAt(object, "metadata");
  return String(metadata.uid ?? `${metadata.namespace}/${metadata.name}`);
}
