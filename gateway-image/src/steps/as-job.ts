/** A job's turn: its caller is looked up again, since rights may have ended, and its body opened. */
import type { Step } from "../context.ts";
import type { Identity } from "../identity/identity.ts";

export function asJob(identity: Identity): Step {
  return async function asJob(context, next) {
    const { job } = context;
    if (job === null) throw new Error("this is no job");
    context.caller = identity.lookUpOwner(job.owner, {
      address: context.clientAddress,
      origin: null,
    });
    context.body = job.body;
    context.keepWhole = job.keep;
    await next();
  };
}
