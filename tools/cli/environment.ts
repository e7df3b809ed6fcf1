/** The only place of the CLI that reads process.env and the machine's paths. */
import os from "node:os";
import path from "node:path";

export interface Environment {
  /** Folder with Pulumi.yaml. */
  readonly projectDir: string;
  /** Git-ignored folder for state, cluster data and everything else the verbs keep. */
  readonly stateDir: string;
  /** What may be made again at any time, shared by every checkout of this user. */
  readonly cacheDir: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly ci: boolean;
  readonly color: boolean;
  readonly interactive: boolean;
  readonly columns: number;
}

export function readEnvironment(): Environment {
  const variables = Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
  const projectDir = path.resolve(import.meta.dirname, "../..");
  const terminal = process.stdout.isTTY === true;
  return {
    projectDir,
    stateDir: path.resolve(projectDir, variables["DEEPSEEK_STATE_DIR"] ?? ".state"),
    cacheDir: cacheFolder(variables),
    variables,
    ci: variables["CI"] === "true",
    color: terminal && variables["NO_COLOR"] === undefined,
    interactive: process.stdin.isTTY === true && terminal,
    columns: process.stdout.columns ?? 100,
  };
}

/** What may be made again at any time and is shared by every checkout of this user. */
function cacheFolder(variables: Readonly<Record<string, string>>): string {
  const base = variables["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache");
  return path.join(base, "deepseek-private-service");
}

/** `file:///…` of the state backend: PULUMI_BACKEND_URL, else a folder of this checkout. */
export function backendUrl(environment: Environment): string {
  const given = environment.variables["PULUMI_BACKEND_URL"];
  return given ?? `file://${path.join(environment.stateDir, "pulumi")}`;
}
