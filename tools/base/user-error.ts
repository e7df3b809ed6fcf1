/**
 * An expected failure: shown as one screen with what, where and how to mend it, and no stack
 * trace. `exitCode` 2: nothing was changed (bad input, unreachable cluster, locked state);
 * 1: something failed while it was being done.
 */
export class UserError extends Error {
  readonly exitCode: 1 | 2;
  readonly where: string | undefined;
  readonly fix: string;

  constructor(what: string, options: { where?: string; fix: string; exitCode?: 1 | 2 }) {
    super(what);
    this.name = "UserError";
    this.where = options.where;
    this.fix = options.fix;
    this.exitCode = options.exitCode ?? 2;
  }
}
