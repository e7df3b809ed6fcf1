/** What an up would change, without changing anything; or what a revision changes, for its reviewers. */
import { operate } from "../operate.ts";
import { PROGRAM_OPTIONS } from "../session.ts";
import type { Call, Verb } from "../verb.ts";

export const verb: Verb = {
  name: "preview",
  summary: "what an up would change",
  usage: "<stack> [options]",
  examples: [
    "npm run preview -- local",
    "npm run -s preview -- local --json | jq .changes",
    "npm run preview -- local --expect-no-changes --refresh   # drift detection",
    "npm run -s preview -- prod --against origin/main         # a comment for a pull request",
  ],
  options: {
    ...PROGRAM_OPTIONS,
    refresh: { type: "boolean", help: "read what really runs first" },
    target: { type: "string", multiple: true, value: "URN", help: "only this resource" },
    "expect-no-changes": { type: "boolean", help: "exit 1 where anything would change" },
    against: { type: "string", value: "REF", help: "compare with what this branch left there" },
    state: { type: "string", value: "FILE", help: "compare with an exported state" },
    report: { type: "string", value: "FILE", help: "show a report that --format json wrote" },
    format: { type: "string", value: "NAME", help: "of a comparison: markdown, json or html" },
    "comment-on": {
      type: "string",
      value: "URL",
      help: "make or change one comment there: the API's address of a pull or merge request",
    },
    prepare: { type: "boolean", help: "with --against: only fetch the packages that it needs" },
    "expect-no-danger": { type: "boolean", help: "exit 1 where a comparison finds a danger" },
    debug: { type: "boolean", help: "show the program's debug messages" },
  },
  positionals: [1, 1],
  run: async (call) => {
    if (!isComparison(call)) return operate(call, "preview");
    // What a comparison needs is not loaded for a plain preview.
    return (await import("../preview-formats.ts")).previewInFormat(call);
  },
};

/** Any of these makes it a comparison with something else than what runs. */
function isComparison({ flags }: Call): boolean {
  return ["against", "state", "report", "format"].some((name) => flags.text(name) !== undefined);
}
