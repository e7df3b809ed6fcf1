/** How a small program of ours runs in a pod: lines of JSON, and an end that says why. */
import { UserError } from "./user-error.ts";

export type Level = "info" | "warn" | "error";

export function log(level: Level, message: string, fields: object = {}): void {
  const time = new Date().toISOString();
  process.stdout.write(`${JSON.stringify({ time, level, message, ...fields })}\n`);
}

/** What the operator can mend ends it with a line and its exit code; anything else is a fault of ours. */
export async function runProgram(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    log("error", error.message, { where: error.where, fix: error.fix });
    process.exit(error.exitCode);
  }
}

/** With half a renewed pair the former one is served on. */
export function takeOver(reload: () => void): void {
  try {
    reload();
  } catch (error) {
    log("warn", `the certificate cannot be taken over: ${String(error)}`);
  }
}
