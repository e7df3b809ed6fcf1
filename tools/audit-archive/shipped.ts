/**
 * What was archived: a small file for each day of the trail, replaced whole. What is lost of it is
 * shipped once more, and the target then says that it is there already.
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../base/atomic-file.ts";
import { dayOf } from "./round-plan.ts";

const daySchema = z.strictObject({
  format: z.literal("audit-archive/1"),
  /** SHA-256 of each segment, by its file's name. */
  segments: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
});

export class Shipped {
  readonly #folder: string;
  /** By `<site>/<date>`. */
  readonly #days = new Map<string, Map<string, string>>();
  /** Two segments of one day end at the same time: the later file must hold both. */
  #turn: Promise<void> = Promise.resolve();

  /** `onDamaged`: a file that cannot be read counts as not there. */
  constructor(folder: string, onDamaged: (file: string) => void) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const found of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      if (!found.endsWith(".json")) continue;
      const file = path.join(folder, found);
      const segments = readDay(file);
      if (segments === null) onDamaged(file);
      else this.#days.set(found.slice(0, -".json".length), new Map(Object.entries(segments)));
    }
  }

  has(name: string): boolean {
    return this.#days.get(dayOf(name))?.has(path.basename(name)) ?? false;
  }

  /** Resolves when it is on the disk. */
  async note(name: string, sha256: string): Promise<void> {
    const day = dayOf(name);
    const segments = this.#days.get(day) ?? new Map<string, string>();
    this.#days.set(day, segments.set(path.basename(name), sha256));
    const written = this.#turn.then(() => {
      const content = { format: "audit-archive/1", segments: Object.fromEntries(segments) };
      return writeFileAtomic(this.#fileOf(day), `${JSON.stringify(content)}\n`, 0o600);
    });
    this.#turn = written.catch(() => {});
    try {
      await written;
    } catch (error) {
      segments.delete(path.basename(name));
      throw error;
    }
  }

  /** Days that the gateway has pruned need not be remembered. */
  async keepOnly(days: readonly string[]): Promise<void> {
    for (const day of [...this.#days.keys()].filter((one) => !days.includes(one))) {
      this.#days.delete(day);
      await rm(this.#fileOf(day), { force: true });
    }
  }

  #fileOf(day: string): string {
    return path.join(this.#folder, `${day}.json`);
  }
}

function readDay(file: string): Record<string, string> | null {
  try {
    const parsed = daySchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
    return parsed.success ? parsed.data.segments : null;
  } catch {
    return null;
  }
}
