/** Removes everything that a stack made, in the reverse order of its making. */
import { operate } from "../operate.ts";
import { PROGRAM_OPTIONS } from "../session.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "destroy",
  summary: "removes everything the stack made",
  usage: "<stack> [options]",
  examples: ["npm run destroy -- local", "npm run destroy -- local --yes"],
  options: {
    ...PROGRAM_OPTIONS,
    yes: { type: "boolean", help: "do not ask" },
    refresh: { type: "boolean", help: "read what really runs first" },
    target: { type: "string", multiple: true, value: "URN", help: "only this resource" },
    message: { type: "string", value: "TEXT", help: "kept in the stack's history" },
    debug: { type: "boolean", help: "show debug messages" },
  },
  positionals: [1, 1],
  run: (call) => operate(call, "destroy"),
};
