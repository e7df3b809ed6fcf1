/**
 * The definitions of operators' kinds, from the operators' own Go modules, for tests: fetched by the
 * ordinary Go client into its own cache, never committed. Versions: config/versions.json.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "../base/process.ts";

interface Operator {
  readonly version: string;
  readonly module: string | null;
  readonly folder: string | null;
}

/** A module has some megabytes; a slow line gets time. */
const TIMEOUT_MS = 300_000;

/** YAML documents that define the kinds of an operator, or of those of its kinds that are named. */
export async function operatorDefinitions(
  name: string,
  kinds: readonly string[] = [],
): Promise<string[]> {
  const file = path.resolve(import.meta.dirname, "../../config/versions.json");
  const { operators } = JSON.parse(await readFile(file, "utf8")) as {
    operators: Readonly<Record<string, Operator>>;
  };
  const operator = operators[name];
  if (operator?.module == null || operator.folder === null) {
    throw new Error(`no module is known for ${name}`);
  }
  const folder = path.join(await fetched(operator.module, operator.version), operator.folder);
  const files = (await readdir(folder)).filter(
    (one) =>
      one.endsWith(".yaml") &&
      (kinds.length === 0 || kinds.some((kind) => one.endsWith(`_${kind}.yaml`))),
  );
  if (files.length === 0) throw new Error(`${folder} defines nothing of ${kinds.join(", ")}`);
  return Promise.all(files.map((one) => readFile(path.join(folder, one), "utf8")));
}

/** Not in a module of ours: this one needs nothing of it to be built. */
async function fetched(module: string, version: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "operator-module-"));
  try {
    const { stdout, stderr } = await run(
      "go",
      ["mod", "download", "-json", `${module}@${version}`],
      {
        cwd: folder,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
    );
    const { Dir, Error: fault } = JSON.parse(stdout || "{}") as { Dir?: string; Error?: string };
    if (Dir !== undefined) return Dir;
    throw new Error(`${module}@${version} cannot be fetched: ${fault ?? stderr}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
