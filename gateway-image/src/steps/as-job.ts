/** A job's turn: its caller is looked up again, since rights may have ended, and its body opened. */
import type { Step } from "../context.ts";
import { GatewayError } from "../errors.ts";
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
    context.keepWhole = async (body) => {
      if (await job.keep(body)) return;
      // It was cancelled, or another gateway has it: nobody will fetch this, so nobody pays for it.
      context.usage = { promptTokens: 0, completionTokens: 0, source: "none" };
      throw new GatewayError("job_ended");
    };
    await next();
  };
}
