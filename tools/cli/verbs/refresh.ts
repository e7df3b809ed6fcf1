/** Takes the state from what really runs; changes nothing in the cluster or the cloud. */
import { operate } from "../operate.ts";
import { PROGRAM_OPTIONS } from "../session.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "refresh",
  summary: "takes the state from what really runs",
  usage: "<stack> [options]",
  examples: ["npm run refresh -- local"],
  options: {
    ...PROGRAM_OPTIONS,
    yes: { type: "boolean", help: "do not ask" },
    target: { type: "string", multiple: true, value: "URN", help: "only this resource" },
    debug: { type: "boolean", help: "show debug messages" },
  },
  positionals: [1, 1],
  run: (call) => operate(call, "refresh"),
};
