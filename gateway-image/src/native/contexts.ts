/**
 * Conversations that callers go on with by a context_id: kept sealed in the shared store, each for
 * its principal alone, with a bound on age, turns and size.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { SealedBox } from "../base/sealed-box.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import { privatePrefix } from "../stores/private-entries.ts";
import type { SharedStore } from "../stores/shared-store.ts";

const messageSchema = z.strictObject({ role: z.enum(["user", "assistant"]), content: z.string() });
export type Message = z.output<typeof messageSchema>;

const ID = /^[0-9a-f-]{36}$/;

export class Contexts {
  readonly #shared: SharedStore;
  readonly #box: () => SealedBox | null;

  constructor(shared: SharedStore, box: () => SealedBox | null) {
    this.#shared = shared;
    this.#box = box;
  }

  /** null: this gateway keeps none. */
  newId(): string | null {
    return this.#box() === null ? null : randomUUID();
  }

  /** Throws `context_not_found` for one that ended and for one of somebody else alike. */
  async load(principal: string, id: string): Promise<Message[]> {
    const sealed = ID.test(id)
      ? await this.#answered(this.#shared.get(keyOf(principal, id)))
      : null;
    const text =
      sealed === null ? null : this.#box()?.open(sealed.toString("utf8"), aboutOf(principal, id));
    if (text === null || text === undefined) {
      throw new GatewayError("context_not_found", { param: "context_id" });
    }
    return z.array(messageSchema).parse(JSON.parse(text.toString("utf8")));
  }

  /** The oldest turns are dropped beyond the bounds; the time begins anew. */
  async save(principal: string, id: string, messages: readonly Message[]): Promise<void> {
    const box = this.#box();
    if (box === null) return;
    const text = Buffer.from(JSON.stringify(bounded(messages)), "utf8");
    const sealed = Buffer.from(box.seal(text, aboutOf(principal, id)), "utf8");
    await this.#answered(this.#shared.set(keyOf(principal, id), sealed, limits.contextTtlMs));
  }

  async forget(principal: string, id: string): Promise<void> {
    await this.load(principal, id);
    await this.#answered(this.#shared.delete(keyOf(principal, id)));
  }

  #answered<T>(work: Promise<T>): Promise<T> {
    return work.catch((cause: unknown) => {
      throw new GatewayError("not_ready", { message: "Contexts cannot be read now.", cause });
    });
  }
}

/** In pairs of question and answer, so that what is left begins with a question. */
export function bounded(messages: readonly Message[]): Message[] {
  let kept = messages.slice(-2 * limits.contextTurnsMax);
  const bytes = (list: readonly Message[]) =>
    list.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  while (kept.length > 2 && bytes(kept) > limits.contextBytesMax) kept = kept.slice(2);
  return kept;
}

const keyOf = (principal: string, id: string) => privatePrefix("context", principal) + id;
const aboutOf = (principal: string, id: string) => `context ${id} of ${principal}`;
