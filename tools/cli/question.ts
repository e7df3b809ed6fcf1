/** Asks the person at the terminal; only "y" and "yes" agree. The question is not a result: stderr. */
import { createInterface } from "node:readline/promises";

export async function agreesTo(question: string, signal: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} (yes/no) `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
