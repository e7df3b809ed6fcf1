/** What an up would change, without changing anything. */
import { operate } from "../operate.ts";
import { PROGRAM_OPTIONS } from "../session.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "preview",
  summary: "what an up would change",
  usage: "<stack> [options]",
  examples: [
    "npm run preview -- local",
    "npm run -s preview -- local --json | jq .changes",
    "npm run preview -- local --expect-no-changes --refresh   # drift detection",
  ],
  options: {
    ...PROGRAM_OPTIONS,
    refresh: { type: "boolean", help: "read what really runs first" },
    target: { type: "string", multiple: true, value: "URN", help: "only this resource" },
    "expect-no-changes": { type: "boolean", help: "exit 1 where anything would change" },
    debug: { type: "boolean", help: "show the program's debug messages" },
  },
  positionals: [1, 1],
  run: (call) => operate(call, "preview"),
};
