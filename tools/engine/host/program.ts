/**
 * Starts the program with Pulumi's own executor (@pulumi/pulumi/cmd/run) in its own process and
 * waits for its end. A program can be started before the engine that it is to talk to is loaded.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { parse } from "yaml";
import { UserError } from "../../base/user-error.ts";
import { endProcess } from "../process-end.ts";
import { wholeEnvironment } from "./config.ts";
import type { ProgramOptions } from "./program-options.ts";
import { ProgramSocket } from "./program-socket.ts";

/** The executor's exit code after it has logged the error itself (cmd/run/index.js). */
const ALREADY_REPORTED = 32;

/** After the run has stopped, the SDK ends by itself; a program with a timer of its own may not. */
const STOP_GRACE_MS = 3_000;

/**
 * Of V8's young generation. What a program makes lives until its end: with V8's own size, 1 MiB that grows
 * to 16, a preview of prod copied it in 15 collections and two of the old generation; so, in 5 and one.
 */
const YOUNG_MEBIBYTES = 64;

const PRELOAD = path.join(import.meta.dirname, "executor-preload.cjs");

export interface ProgramRun {
  readonly preview: boolean;
  readonly parallel: number;
}

export interface ProgramEnd {
  readonly ok: boolean;
  /** True where the program's own error was already sent as a log message. */
  readonly reported: boolean;
  /** The end of its standard error, for an error that was not. */
  readonly tail: string;
}

export class Program {
  /** Where it calls the engine. */
  readonly socket: ProgramSocket;
  readonly ended: Promise<ProgramEnd>;
  private readonly child: ChildProcess;
  private readonly early: string[] = [];
  private tell = (line: string): void => {
    this.early.push(line);
  };

  private constructor(options: ProgramOptions, run: ProgramRun, socket: ProgramSocket) {
    this.socket = socket;
    this.child = startExecutor(options, run, socket.address);
    this.ended = watch(this.child, (line) => this.tell(line));
  }

  static async start(options: ProgramOptions, run: ProgramRun): Promise<Program> {
    const environment = wholeEnvironment(options.environment);
    const socket = await ProgramSocket.open();
    try {
      return new Program({ ...options, environment }, run, socket);
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** What it writes goes to `onLine`, from its first line on. */
  hear(onLine: (line: string) => void): void {
    this.early.splice(0).forEach(onLine);
    this.tell = onLine;
  }

  /** Gives the program a moment to end by itself, then ends it. */
  async stop(): Promise<void> {
    const timer = new Promise<void>((resolve) => {
      const handle = setTimeout(resolve, STOP_GRACE_MS);
      this.ended.then(() => {
        clearTimeout(handle);
        resolve();
      });
    });
    await timer;
    await this.end();
  }

  /** Ends the program where it is, and its socket; does nothing to one that has come to its end. */
  async end(): Promise<void> {
    await endProcess(this.child);
    this.socket.close();
  }
}

/** A preview's program on its way before there is an engine: taken once, or ended. */
export class EarlyProgram {
  private program: Promise<Program> | undefined;

  constructor(options: ProgramOptions, parallel: number) {
    this.program = Program.start(options, { preview: true, parallel });
    // Told by whoever takes it.
    this.program.catch(() => {});
  }

  take(): Promise<Program> | undefined {
    const { program } = this;
    this.program = undefined;
    return program;
  }

  async end(): Promise<void> {
    const program = await this.take()?.catch(() => undefined);
    await program?.end();
  }
}

function startExecutor(options: ProgramOptions, run: ProgramRun, address: string): ChildProcess {
  const { directory, main } = entryPoint(options.projectDir);
  const config = Object.entries(options.config);
  const requireFromProject = createRequire(path.join(options.projectDir, "package.json"));
  const executor = requireFromProject.resolve("@pulumi/pulumi/cmd/run/index.js");
  return spawn(
    process.execPath,
    [
      ...[`--min-semi-space-size=${YOUNG_MEBIBYTES}`, `--max-semi-space-size=${YOUNG_MEBIBYTES}`],
      ...["--require", PRELOAD],
      executor,
      ...["--monitor", address, "--engine", address],
      ...["--project", options.project, "--stack", options.stack],
      ...["--organization", "organization", "--root-directory", options.projectDir],
      ...["--pwd", directory, "--parallel", String(run.parallel)],
      ...(run.preview ? ["--dry-run"] : []),
      main,
    ],
    {
      cwd: directory,
      env: {
        // Compiled modules are kept from run to run: the SDKs are large (1 s of compilation).
        NODE_COMPILE_CACHE: path.join(modulesOf(executor), ".cache/compile"),
        ...options.environment,
        PULUMI_NODEJS_TYPESCRIPT: "false",
        PULUMI_CONFIG: JSON.stringify(
          Object.fromEntries(config.map(([key, { value }]) => [key, value])),
        ),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(
          config.filter(([, { secret }]) => secret).map(([key]) => key),
        ),
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
}

/** The node_modules folder that holds the executor. */
function modulesOf(executor: string): string {
  return executor.slice(0, executor.lastIndexOf(`${path.sep}@pulumi${path.sep}`));
}

/** As the Pulumi CLI does: the program runs in the folder of its `main`. */
function entryPoint(projectDir: string): { directory: string; main: string } {
  const file = path.join(projectDir, "Pulumi.yaml");
  if (!existsSync(file)) {
    throw new UserError("there is no Pulumi.yaml", {
      where: projectDir,
      fix: "Run this in the project's folder.",
    });
  }
  const project = parse(readFileSync(file, "utf8")) as { main?: unknown } | null;
  if (typeof project?.main !== "string") return { directory: projectDir, main: "." };
  const target = path.resolve(projectDir, project.main);
  if (!existsSync(target)) {
    throw new UserError(`the program's entry point ${project.main} does not exist`, {
      where: `${file}: main`,
      fix: "Correct `main`, or write the file.",
    });
  }
  if (statSync(target).isDirectory()) return { directory: target, main: "." };
  return { directory: path.dirname(target), main: path.basename(target) };
}

function watch(child: ChildProcess, onLine: (line: string) => void): Promise<ProgramEnd> {
  const tail: string[] = [];
  const lines = (stream: NodeJS.ReadableStream | null, each: (line: string) => void) => {
    let rest = "";
    stream?.on("data", (chunk: Buffer) => {
      const parts = (rest + chunk.toString("utf8")).split("\n");
      rest = parts.pop() ?? "";
      parts.forEach(each);
    });
    stream?.on("end", () => {
      if (rest !== "") each(rest);
    });
  };
  lines(child.stdout, onLine);
  lines(child.stderr, (line) => {
    tail.push(line);
    if (tail.length > 20) tail.shift();
    onLine(line);
  });
  return new Promise((resolve) => {
    child.once("error", (error) =>
      resolve({ ok: false, reported: false, tail: `cannot be started: ${error.message}` }),
    );
    child.once("close", (code) =>
      resolve({ ok: code === 0, reported: code === ALREADY_REPORTED, tail: tail.join("\n") }),
    );
  });
}
