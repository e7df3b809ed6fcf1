/** Runs another program to its end. The only way tools start a program they wait for. */
import { spawn } from "node:child_process";

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment of the child; default: this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Written to the child's standard input, which is closed after it. */
  readonly input?: string | Uint8Array;
  /** Each complete line of standard output and standard error, as it comes. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Where the first 16 MiB of output end, so that a runaway child cannot fill the memory. */
  readonly outputBytesMax?: number;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/** Resolves with the exit code, whatever it is; rejects only where the program cannot start. */
export function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      stdio: ["pipe", "pipe", "pipe"],
    });
    const stdout = collect(child.stdout, options);
    const stderr = collect(child.stderr, options);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      resolve({ code: code ?? (signal === null ? 1 : 128), stdout: stdout(), stderr: stderr() });
    });
    // A child that exits early closes its input; its exit code tells the story.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input);
  });
}

/** As run, but a non-zero exit is an Error with the command and the end of its output. */
export async function runOrThrow(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await run(command, args, options);
  if (result.code === 0) return result;
  const tail = `${result.stdout}\n${result.stderr}`.trim().split("\n").slice(-15).join("\n");
  throw new Error(`${command} ${args.join(" ")} ended with ${result.code}:\n${tail}`);
}

function collect(stream: NodeJS.ReadableStream, options: RunOptions): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let rest = "";
  stream.on("data", (chunk: Buffer) => {
    if (bytes < (options.outputBytesMax ?? OUTPUT_BYTES_MAX)) chunks.push(chunk);
    bytes += chunk.length;
    if (options.onLine === undefined) return;
    const lines = (rest + chunk.toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(options.onLine);
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
