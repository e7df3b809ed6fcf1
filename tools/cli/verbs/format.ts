/** Mends formatting and what the linter can mend by itself. */
import path from "node:path";
import { runInTerminal } from "../child.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "format",
  summary: "mend formatting and simple lint findings",
  usage: "",
  examples: ["npm run format"],
  options: {},
  positionals: [0, 0],
  run: ({ environment }) =>
    runInTerminal(environment, path.join(environment.projectDir, "node_modules/.bin/biome"), [
      "check",
      "--write",
      ".",
    ]),
};
