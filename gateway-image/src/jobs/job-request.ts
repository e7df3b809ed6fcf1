/** What is kept of a job's call, its webhook and its answer: sealed, each for what it is. */
import type { SealedBox } from "../base/sealed-box.ts";

export type Sealed = "request" | "secret" | "result";

export function sealOf(box: SealedBox, what: Sealed, id: string, content: Buffer): string {
  return box.seal(content, `${what} of job ${id}`);
}

/** null: it is not kept any more, or was sealed by a key that is gone. */
export function openSealed(
  box: SealedBox | null,
  what: Sealed,
  id: string,
  sealed: string | null,
): Buffer | null {
  return sealed === null || box === null ? null : box.open(sealed, `${what} of job ${id}`);
}
