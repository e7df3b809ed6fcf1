/** The container images: build, save, push, lock. */
import { createProgress } from "../../base/progress.ts";
import { runImagesVerb } from "../../images/verb.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "images",
  summary: "the container images: build, save, push, lock",
  usage: "build|save|push|lock [options]",
  examples: [
    "npm run images -- build",
    "npm run images -- save --out images/             # archives for a closed network",
    "npm run images -- push --registry registry.example.org/deepseek",
    "npm run -s images -- lock                        # names, tags, digests",
  ],
  options: {
    out: { type: "string", value: "DIR", help: "save: where the archives go" },
    registry: { type: "string", value: "HOST/PATH", help: "push, lock: the registry" },
    refresh: { type: "boolean", help: "build: look for newer Debian packages" },
    json: { type: "boolean", help: "print one JSON object" },
  },
  positionals: [1, 20],
  run: ({ environment, positionals, flags }) =>
    runImagesVerb({
      action: positionals[0] ?? "",
      names: positionals.slice(1),
      stateDir: environment.stateDir,
      out: flags.text("out"),
      registry: flags.text("registry"),
      refresh: flags.on("refresh"),
      json: flags.on("json"),
      variables: environment.variables,
      progress: createProgress(),
    }),
};
