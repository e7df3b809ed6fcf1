/**
 * Threads that bring files of a model, since the digests of its bytes and their opening are all that a
 * processor can do: one thread gave some 270 MB for each second of its time, 150 MB of sealed ones.
 */
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { UserError } from "../base/user-error.ts";
import type { ManifestFile } from "./manifest.ts";

export interface FileOrder {
  readonly file: ManifestFile;
  /** null: it lies there in clear. */
  readonly dataKey: Uint8Array | null;
}

export type Brought = "kept" | "fetched";

type Answer =
  | { readonly brought: Brought }
  | { readonly fault: { what: string; where: string | undefined; fix: string } }
  | { readonly error: string };

/** Each takes the next file when it has brought one; the first fault ends all of them. */
export async function bringInLanes(
  entry: URL,
  count: number,
  orders: readonly FileOrder[],
  told: (file: ManifestFile, brought: Brought) => void,
): Promise<void> {
  const rest = orders.values();
  const lanes = Array.from({ length: Math.min(count, orders.length) }, () => new Worker(entry));
  try {
    await Promise.all(
      lanes.map(async (lane) => {
        for (const order of rest) told(order.file, await ask(lane, order));
      }),
    );
  } finally {
    await Promise.all(lanes.map((lane) => lane.terminate()));
  }
}

function ask(lane: Worker, order: FileOrder): Promise<Brought> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error("a lane ended"));
    lane.once("error", reject);
    lane.once("exit", onExit);
    lane.once("message", (answer: Answer) => {
      lane.off("error", reject);
      lane.off("exit", onExit);
      if ("brought" in answer) return resolve(answer.brought);
      if ("error" in answer) return reject(new Error(answer.error));
      const { what, where, fix } = answer.fault;
      reject(new UserError(what, { ...(where === undefined ? {} : { where }), fix }));
    });
    lane.postMessage(order);
  });
}

/** The other end, in the thread. */
export function serveLane(bring: (order: FileOrder) => Promise<Brought>): void {
  const port = parentPort;
  if (isMainThread || port === null) throw new Error("this is no lane");
  port.on("message", (order: FileOrder) => {
    bring(order).then(
      (brought) => port.postMessage({ brought } satisfies Answer),
      (error: unknown) => port.postMessage(faultOf(error)),
    );
  });
}

function faultOf(error: unknown): Answer {
  if (error instanceof UserError) {
    return { fault: { what: error.message, where: error.where, fix: error.fix } };
  }
  return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
