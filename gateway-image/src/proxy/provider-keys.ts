/**
 * The keys of outside providers, one file each, named after the provider. A provider without a
 * file is off; a key that is put there, changed or taken away counts within two seconds.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { limits } from "../limits.ts";
import { PROVIDER_NAMES, type ProviderName } from "./providers.ts";

export class ProviderKeys {
  readonly #folder: string | null;
  readonly #timer: NodeJS.Timeout | null;
  #keys = new Map<ProviderName, string>();

  /** null: all providers are off. */
  constructor(folder: string | null) {
    this.#folder = folder;
    this.#read();
    this.#timer = folder === null ? null : setInterval(() => this.#read(), limits.reloadMs);
    this.#timer?.unref();
  }

  of(provider: ProviderName): string | undefined {
    return this.#keys.get(provider);
  }

  /** For /health. */
  state(): Record<ProviderName, boolean> {
    const entries = PROVIDER_NAMES.map((name) => [name, this.#keys.has(name)] as const);
    return Object.fromEntries(entries) as Record<ProviderName, boolean>;
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #read(): void {
    const keys = new Map<ProviderName, string>();
    for (const name of PROVIDER_NAMES) {
      const key = this.#folder === null ? "" : keyIn(path.join(this.#folder, name));
      if (key !== "") keys.set(name, key);
    }
    this.#keys = keys;
  }
}

/** A key with a line break inside would end the header it travels in: that is none. */
function keyIn(file: string): string {
  try {
    const key = readFileSync(file, "utf8").trim();
    return /^[\x21-\x7e]+$/.test(key) ? key : "";
  } catch {
    return "";
  }
}
