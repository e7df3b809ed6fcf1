/** API keys by their hash. The file holds hashes only; a lookup never sees a stored key. */
import { timingSafeEqual } from "node:crypto";
import type { ApiKey, KeysFile } from "../documents.ts";

export interface KeyStore {
  /** `sha256` as lower-case hex. */
  find(sha256: string): ApiKey | null;
}

export function createKeyStore(file: () => KeysFile): KeyStore {
  let indexed: KeysFile | null = null;
  let byHash = new Map<string, ApiKey>();
  return {
    find: (sha256) => {
      const current = file();
      if (current !== indexed) {
        byHash = new Map(current.keys.map((key) => [key.sha256, key]));
        indexed = current;
      }
      const found = byHash.get(sha256);
      if (found === undefined) return null;
      // The map compares hashes, not keys, so its timing tells nothing about a key; the last
      // word is constant-time all the same.
      return timingSafeEqual(Buffer.from(found.sha256), Buffer.from(sha256)) ? found : null;
    },
  };
}
