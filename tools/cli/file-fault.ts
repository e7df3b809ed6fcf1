/** What a file system refuses is the world's fault: told on one screen, without a trace. */
import { UserError } from "../base/user-error.ts";

const PLACE = "name another place, or run the command as a user who may";
const SPACE = "free some space there, then run the command again";

const REFUSALS: Readonly<Record<string, readonly [what: string, fix: string]>> = {
  EACCES: ["this user may not do that there", PLACE],
  EPERM: ["this user may not do that there", PLACE],
  EROFS: ["nothing can be written there", PLACE],
  EEXIST: ["there is a file where a folder would be", "name another place"],
  ENOTDIR: ["there is a file where a folder would be", "name another place"],
  ENOSPC: ["the disk is full", SPACE],
  EDQUOT: ["this user's share of the disk is used up", SPACE],
};

/** Any other error is handed back as it is. A full disk is told by writes, which name no file. */
export function ofFiles(error: unknown): unknown {
  if (!(error instanceof Error) || !("syscall" in error)) return error;
  const { code, path } = error as NodeJS.ErrnoException;
  const [what, fix] = REFUSALS[code ?? ""] ?? [];
  if (what === undefined || fix === undefined) return error;
  if (path === undefined && fix !== SPACE) return error;
  return new UserError(`${what} (${error.message})`, {
    ...(path === undefined ? {} : { where: path }),
    ...{ fix, exitCode: 1 },
  });
}
