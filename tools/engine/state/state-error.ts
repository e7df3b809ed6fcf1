/**
 * What can be wrong with a stack's state, as messages a person can act on. Every one names the
 * file and the way out; none of them carries a secret.
 */
import { UserError } from "../../base/user-error.ts";

/** The state cannot be read, written or understood. */
export class StateError extends UserError {
  constructor(what: string, options: { where?: string; fix: string; exitCode?: 1 | 2 }) {
    super(what, options);
    this.name = "StateError";
  }
}

/** Somebody else works on the stack. */
export class StateLockedError extends StateError {
  constructor(what: string, options: { where?: string; fix: string }) {
    super(what, options);
    this.name = "StateLockedError";
  }
}

/** A failed write, told as a person needs it; the old file is whole (tools/base/atomic-file.ts). */
export function writeFailure(file: string, error: unknown, exitCode: 1 | 2): StateError {
  const code = errorCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new StateError("The disk is full: the state could not be written.", {
      where: file,
      fix: "Free some space on that disk and run the command again; the file holds the state as it was last saved.",
      exitCode,
    });
  }
  return new StateError(`The state could not be written (${code ?? String(error)}).`, {
    where: file,
    fix: "Make the folder writable for this user, or point PULUMI_BACKEND_URL at another folder.",
    exitCode,
  });
}

/** The `code` of a file system error (`ENOENT`, `ENOSPC` ...). */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
