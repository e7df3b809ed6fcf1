/**
 * The keys of outside providers from a `.env` file: read, judged, and put into the folder that the
 * gateway watches, so that they stand in no process list, environment or log.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { UserError } from "../base/user-error.ts";

/** Variable → the name of the file that holds the key. */
const VARIABLES = {
  CEREBRAS_API_KEY: "cerebras",
  DEEPSEEK_API_KEY: "deepseek",
  OPENAI_API_KEY: "openai",
  DASHSCOPE_API_KEY: "dashscope",
  KIMI_API_KEY: "kimi",
} as const;

export interface ProviderEnv {
  /** Provider → its key. */
  readonly keys: ReadonlyMap<string, string>;
  /** FASTAPI_PORT, as former users of this API know it. */
  readonly port: number | null;
  /** Others than the owner may read the file. */
  readonly exposed: boolean;
}

/** null: the project's own file, which may be absent; a named one must be there. */
export function readProviderEnv(named: string | null, projectDir: string): ProviderEnv {
  const file = named ?? path.join(projectDir, ".env");
  if (!existsSync(file)) {
    if (named === null) return { keys: new Map(), port: null, exposed: false };
    throw new UserError("there is no such file", { where: file, fix: "check the path" });
  }
  const exposed = (statSync(file).mode & 0o077) !== 0;
  return { ...judge(parseEnv(readFileSync(file, "utf8")), file), exposed };
}

/** The folder holds what the file says and nothing else. */
export function writeProviderKeys(folder: string, keys: ProviderEnv["keys"]): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const provider of Object.values(VARIABLES)) {
    const file = path.join(folder, provider);
    // Made anew: a mode is only given to a file that is made.
    rmSync(file, { force: true });
    const key = keys.get(provider);
    if (key !== undefined) writeFileSync(file, `${key}\n`, { mode: 0o600, flag: "wx" });
  }
}

/** NAME=value lines; `export` before, quotes around and comments are allowed, as in every shell. */
export function parseEnv(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const found = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line);
    if (found === null) continue;
    const [, name = "", given = ""] = found;
    const quoted = /^(?:"([^"]*)"|'([^']*)')(?:\s+#.*)?$/.exec(given);
    const value = quoted?.[1] ?? quoted?.[2] ?? given.replace(/(?:^|\s+)#.*$/, "");
    values.set(name, value);
  }
  return values;
}

function judge(values: ReadonlyMap<string, string>, file: string): Omit<ProviderEnv, "exposed"> {
  const faults: string[] = [];
  const keys = new Map<string, string>();
  for (const [name, provider] of Object.entries(VARIABLES)) {
    const value = values.get(name) ?? "";
    if (value === "") continue;
    if (isPlaceholder(value)) faults.push(`${name} holds a placeholder, not a key`);
    else if (!/^[\x21-\x7e]+$/.test(value)) faults.push(`${name} holds spaces or other signs`);
    else keys.set(provider, value);
  }
  const host = values.get("FASTAPI_HOST") ?? "";
  if (host !== "" && !LOCAL.has(host)) {
    faults.push("FASTAPI_HOST: without TLS this gateway listens on 127.0.0.1 only");
  }
  const given = values.get("FASTAPI_PORT") ?? "";
  const port = given === "" ? null : Number(given);
  if (port !== null && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    faults.push("FASTAPI_PORT: a whole number from 1 to 65535");
  }
  if (faults.length === 0) return { keys, port };
  throw new UserError(faults.join("; "), {
    where: file,
    fix: "write the provider's key behind the equals sign, or remove the line: the provider is off then",
  });
}

const LOCAL = new Set(["127.0.0.1", "localhost"]);

/** What examples and forms write where a key belongs. */
function isPlaceholder(value: string): boolean {
  return (
    /^<.*>$/.test(value) ||
    /^(?:sk-)?(?:x{3,}|\.{3,}|\*{3,})$/i.test(value) ||
    /^(?:sk-)?(?:your|my|insert|enter|replace|change|example|dummy|placeholder|todo)\b/i.test(
      value.replaceAll(/[_-]/g, " ").replace(/^sk /i, ""),
    )
  );
}
