/** Runs a tool of this repository with the terminal handed through, and returns its exit code. */
import { spawn } from "node:child_process";
import type { Environment } from "./environment.ts";

export function runInTerminal(
  environment: Environment,
  command: string,
  args: readonly string[],
  extra: Readonly<Record<string, string>> = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: environment.projectDir,
      stdio: "inherit",
      env: { ...environment.variables, ...extra },
    });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
