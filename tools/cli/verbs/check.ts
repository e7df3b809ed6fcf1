/** Format, lint, types and the tidy test: what a change must pass before its tests are run. */
import path from "node:path";
import { run } from "../../base/process.ts";
import { createProgress } from "../../base/progress.ts";
import type { Environment } from "../environment.ts";
import type { Verb } from "../verb.ts";

interface Check {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Any output is a finding: gofmt lists files and ends with 0. */
  readonly silent?: boolean;
}

function checks(environment: Environment): readonly Check[] {
  const bin = (name: string) => path.join(environment.projectDir, "node_modules/.bin", name);
  const typescript = path.join(environment.projectDir, "node_modules/typescript7/bin/tsc");
  const go = path.join(environment.projectDir, "tools/cluster");
  return [
    { name: "format and lint", command: bin("biome"), args: ["check", "--error-on-warnings", "."] },
    { name: "types", command: process.execPath, args: [typescript, "-p", "."] },
    {
      name: "types of the console's page",
      command: process.execPath,
      args: [typescript, "-p", "gateway-image/src/api/console"],
    },
    { name: "tidy", command: bin("vitest"), args: ["run", "--project", "unit", "tools/tidy"] },
    { name: "go format", command: "gofmt", args: ["-l", "."], cwd: go, silent: true },
  ];
}

export const verb: Verb = {
  name: "check",
  summary: "format, lint, types and the tidy test",
  usage: "",
  examples: ["npm run check", "npm run format    # mends what a formatter can mend"],
  options: {},
  positionals: [0, 0],
  async run({ environment }) {
    const progress = createProgress();
    let failed = 0;
    for (const check of checks(environment)) {
      const result = await progress.step(check.name, () =>
        run(check.command, check.args, {
          cwd: check.cwd ?? environment.projectDir,
          env: { ...environment.variables, NO_COLOR: "1" },
        }),
      );
      const quiet = check.silent !== true || result.stdout === "";
      if (result.code === 0 && quiet) continue;
      failed += 1;
      process.stdout.write(`\n${check.name}: failed\n${result.stdout}${result.stderr}\n`);
    }
    return failed === 0 ? 0 : 1;
  },
};
