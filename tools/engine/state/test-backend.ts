/** Backends in scratch folders, for the tests of this folder. */
import { mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll } from "vitest";
import { UserError } from "../../base/user-error.ts";
import type { ResourceState } from "../resource.ts";
import { secret } from "../values.ts";
import { createKeyring } from "./crypto.ts";
import { createFileBackend, type FileBackendOptions } from "./file-backend.ts";
import { resourceNamed } from "./store.contract.ts";

// One keyring for all tests that do not test keys: deriving a key takes a third of a second.
const keyring = createKeyring(async () => "correct horse");

export function backendIn(dir: string, more: Partial<FileBackendOptions> = {}) {
  return createFileBackend({
    backendUrl: `file://${dir}`,
    project: "demo",
    simulated: false,
    keyring,
    onNotice: () => {},
    ...more,
  });
}

/** A folder of this test file, which removes it at its end; the answer makes folders in it. */
export function scratchFolders(): { readonly root: string; next(): string } {
  const root = mkdtempSync(path.join(os.tmpdir(), "state-test-"));
  let folders = 0;
  afterAll(() => rm(root, { recursive: true }));
  return {
    root,
    next: () => {
      folders += 1;
      return path.join(root, `backend-${folders}`);
    },
  };
}

/** The UserError that `work` must fail with. */
export async function rejection(work: Promise<unknown>): Promise<UserError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${error}`);
  return error;
}

export function withSecrets(changing: string, kept: string): ResourceState {
  return resourceNamed("s", { outputs: { changing: secret(changing), kept: secret(kept) } });
}

export function ciphertexts(dir: string): string[] {
  const text = readFileSync(path.join(dir, ".pulumi/stacks/demo/dev.json"), "utf8");
  return [...text.matchAll(/"ciphertext":"([^"]*)"/g)].map((match) => match[1] ?? "");
}

export function historyEntry(config: Record<string, { value: string; secret: boolean }>) {
  return {
    kind: "update" as const,
    startTime: 1_795_262_400_000,
    endTime: 1_795_262_401_999,
    message: "",
    result: "succeeded" as const,
    environment: {},
    config,
    resourceChanges: { create: 1, update: 0, replace: 0, delete: 0, same: 0 },
  };
}
