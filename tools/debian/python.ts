/**
 * Debian's Python with packages of the package index beside it, neither installed: the interpreter
 * runs from its unpacked Debian packages, and what a requirements file names lies in a folder of
 * the cache that carries the file's hash. Every file that comes must have one of the hashes there.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { type RunOptions, type RunResult, run, runOrThrow } from "../base/process.ts";
import { type Progress, silentProgress } from "../base/progress.ts";
import { defaultCacheFolder, inheritedEnvironment } from "./config.ts";
import { ensurePackages } from "./packages.ts";
import { withPartialFolder } from "./partial-folder.ts";
import { environmentFor } from "./root-folder.ts";

export interface Python {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  /** Resolves with the exit code, whatever it is. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
}

/** pip itself comes as a wheel, which Python runs without unpacking it. */
const DEBIAN_PACKAGES = ["python3", "python3-distutils", "python3-pip-whl"];
const WHEELS = "usr/share/python-wheels";

export interface PythonOptions {
  /** false: the list names all that is wanted, such as a package of which one file is read. */
  readonly dependencies?: boolean;
}

export async function ensurePython(
  requirementsFile: string,
  progress: Progress = silentProgress,
  { dependencies = true }: PythonOptions = {},
): Promise<Python> {
  const { root } = await ensurePackages(DEBIAN_PACKAGES, { progress });
  const key = createHash("sha256")
    .update(`${path.basename(root)}\n`)
    .update(await readFile(requirementsFile))
    .digest("hex");
  const folder = path.join(defaultCacheFolder(), "../python", key.slice(0, 24));
  if (!existsSync(folder)) {
    const name = path.basename(requirementsFile);
    const words = dependencies ? [] : ["--no-deps"];
    await progress.step(`Python packages of ${name}`, () =>
      fill(root, [...words, "-r", requirementsFile], folder),
    );
  }
  const python = interpreter(root, folder);
  return {
    ...python,
    run: (args, options) => run(python.program, args, { env: python.env, ...options }),
  };
}

function interpreter(root: string, packages: string | null) {
  const env = {
    ...inheritedEnvironment(),
    ...environmentFor(root),
    PYTHONHOME: path.join(root, "usr"),
    PYTHONPATH: packages ?? "",
    // The unpacked packages serve many programs at once and stay as they were.
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONNOUSERSITE: "1",
    PYTHONUTF8: "1",
  };
  return { program: path.join(root, "usr/bin/python3"), env };
}

async function fill(root: string, wanted: readonly string[], folder: string): Promise<void> {
  const wheels = path.join(root, WHEELS);
  const wheel = (await readdir(wheels)).find((name) => name.startsWith("pip-"));
  if (wheel === undefined) throw new Error(`${wheels} holds no pip`);
  const { program, env } = interpreter(root, null);
  await withPartialFolder(path.dirname(folder), async (partial) => {
    const install = ["install", "--quiet", "--require-hashes", "--only-binary", ":all:"];
    const words = [...install, "--no-cache-dir", "--target", partial, ...wanted];
    await runOrThrow(program, [path.join(wheels, wheel, "pip"), ...words], { env });
    // Another process may have been first; its folder is as good.
    await rename(partial, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  });
}
