/** Weights are refused with their place and a way out. */
import { UserError } from "../base/user-error.ts";

export function fault(what: string, where: string, fix: string): UserError {
  return new UserError(what, { where, fix });
}
