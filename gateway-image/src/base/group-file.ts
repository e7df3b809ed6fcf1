/**
 * A file that is only appended to, with group commit: what comes while one flush runs goes into
 * the next, so that many writers share one wait for the disk. What nobody waits for goes with the
 * others where it can. After a fault the file takes nothing more: what is on the disk is no longer known.
 */
import { constants, write } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";

/**
 * The shortest time between two flushes: on a busy gateway each costs the processor more than it
 * writes. Whoever comes while nothing is busy waits for none of it.
 */
const FLUSH_PAUSE_MS = 2;

/**
 * How long what nobody waits for may wait for company. A model's first token takes ten times as long, a
 * short call is over by then and writes once; and beginning a write costs whoever does it 0.3 ms.
 */
const COMPANY_MS = 5;

/**
 * Each write ends when its bytes are on the disk, as if fdatasync followed it (open(2), O_DSYNC): one
 * call of the system and one turn of the thread pool instead of two.
 */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_DSYNC;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class GroupFile {
  readonly #file: FileHandle;
  #pending: Buffer[] = [];
  #waiters: Waiter[] = [];
  #flushing: Promise<void> | null = null;
  /** Somebody waits for what is pending. */
  #urgent = false;
  /** Until what nobody waits for is written all the same. */
  #company: NodeJS.Timeout | null = null;
  #fault: unknown = null;
  /** Bytes appended by us, flushed or not. */
  bytes: number;

  private constructor(file: FileHandle, bytes: number) {
    this.#file = file;
    this.bytes = bytes;
  }

  static async open(path: string): Promise<GroupFile> {
    // 600: records name people and what they did.
    const file = await open(path, FLAGS, 0o600);
    return new GroupFile(file, (await file.stat()).size);
  }

  /** Resolves when the bytes, and all before them, are on the disk. */
  append(bytes: Buffer): Promise<void> {
    const written = this.#add(bytes);
    this.#hurry();
    return written;
  }

  /** The same, with the next flush or a little later: for what no call waits for. */
  appendSoon(bytes: Buffer): Promise<void> {
    const written = this.#add(bytes);
    this.#awaitCompany();
    return written;
  }

  /** Flushes what is left first. */
  async close(): Promise<void> {
    if (this.#pending.length > 0) this.#hurry();
    while (this.#flushing !== null) await this.#flushing;
    await this.#file.close();
  }

  #add(bytes: Buffer): Promise<void> {
    if (this.#fault !== null) return Promise.reject(this.#fault);
    this.#pending.push(bytes);
    this.bytes += bytes.length;
    return new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  #hurry(): void {
    if (this.#fault !== null) return;
    this.#urgent = true;
    this.#flushing ??= this.#flush();
  }

  #awaitCompany(): void {
    if (this.#flushing !== null || this.#company !== null || this.#fault !== null) return;
    this.#company = setTimeout(() => {
      this.#company = null;
      if (this.#pending.length > 0) this.#hurry();
    }, COMPANY_MS);
  }

  /** Never rejects. */
  async #flush(): Promise<void> {
    // One turn of the event loop gathers what the requests of this moment write.
    await turn();
    while (this.#urgent && this.#pending.length > 0) {
      this.#urgent = false;
      const [pending, waiters] = [this.#pending, this.#waiters];
      this.#pending = [];
      this.#waiters = [];
      const began = performance.now();
      try {
        await this.#writeAll(Buffer.concat(pending));
        for (const waiter of waiters) waiter.resolve();
      } catch (error) {
        this.#fault = error;
        for (const waiter of [...waiters, ...this.#waiters]) waiter.reject(error);
        this.#pending = [];
        this.#waiters = [];
      }
      const left = FLUSH_PAUSE_MS - (performance.now() - began);
      if (left > 0 && this.#urgent) await sleep(left);
    }
    this.#flushing = null;
    if (this.#pending.length > 0) this.#awaitCompany();
  }

  /** By callbacks: the file handle's own promises cost several times as much. */
  #writeAll(bytes: Buffer): Promise<void> {
    const { fd } = this.#file;
    return new Promise((resolve, reject) => {
      const step = (at: number): void => {
        write(fd, bytes, at, bytes.length - at, null, (error, written) => {
          if (error !== null) reject(error);
          else if (at + written === bytes.length) resolve();
          else step(at + written);
        });
      };
      step(0);
    });
  }
}
