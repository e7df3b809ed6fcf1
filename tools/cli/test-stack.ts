/** For tests: runs verbs of the command line as a person would, and calls the service they made. */
import { spawn } from "node:child_process";
import path from "node:path";
import { Agent } from "undici";

const root = path.resolve(import.meta.dirname, "../..");

/** Tests keep their own state and cluster folder, so that a person's local stack is not theirs. */
const testStateDir = path.join(root, ".state", "test");

export interface VerbResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface VerbOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** On its standard input; default: nothing. */
  readonly input?: string;
  /** Called with the child's process id, for tests that end it. */
  readonly onStart?: (pid: number) => void;
}

/** Runs `node tools/cli/main.ts ARGS` to its end; never rejects for an exit code. */
export function runVerb(args: readonly string[], options: VerbOptions = {}): Promise<VerbResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", path.join(root, "tools/cli/main.ts"), ...args],
      {
        cwd: root,
        env: { ...process.env, DEEPSEEK_STATE_DIR: testStateDir, ...options.environment },
        stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
        timeout: options.timeoutMs ?? 1_200_000,
      },
    );
    let stdout = "";
    let stderr = "";
    child.stdin?.end(options.input);
    child.stdout?.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr?.on("data", (chunk) => {
      stderr += chunk;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
    if (child.pid !== undefined) options.onStart?.(child.pid);
  });
}

/** As runVerb, but any other exit code than 0 fails the test with the whole output. */
export async function runVerbOrFail(
  args: readonly string[],
  options: VerbOptions = {},
): Promise<VerbResult> {
  const result = await runVerb(args, options);
  if (result.code === 0) return result;
  throw new Error(`${args.join(" ")} ended with ${result.code}\n${result.stdout}${result.stderr}`);
}

export interface StackOutputs {
  readonly url: string;
  readonly caCertificate: string;
  readonly apiKey: string;
  readonly apiKeys: Readonly<Record<string, string>>;
  readonly models: readonly string[];
  readonly adminUser: string;
  readonly adminPassword: string;
  readonly prometheusUrl: string;
  readonly plan: Readonly<Record<string, unknown>>;
}

export async function stackOutputs(stack = "local"): Promise<StackOutputs> {
  const { stdout } = await runVerbOrFail(["outputs", stack, "--json", "--show-secrets"]);
  return JSON.parse(stdout);
}

/** Connections that trust the stack's authority and nothing else; HTTP/2 where not forbidden. */
export function trusting(outputs: StackOutputs, { allowH2 = true } = {}): Agent {
  return new Agent({ connect: { ca: outputs.caCertificate }, connections: 16, allowH2 });
}
