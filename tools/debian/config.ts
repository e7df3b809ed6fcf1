/**
 * Where unpacked and downloaded Debian packages are kept between runs and between checkouts. The
 * only file of this folder that reads the environment.
 */
import { homedir } from "node:os";
import path from "node:path";

/** `$XDG_CACHE_HOME` or `~/.cache`, then our own name. */
export function defaultCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment.XDG_CACHE_HOME;
  const absolute = base !== undefined && path.isAbsolute(base);
  return path.join(absolute ? base : path.join(homedir(), ".cache"), CACHE_NAME, "debian");
}

/** The environment a child gets before our own variables are added. */
export function inheritedEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env };
}

const CACHE_NAME = "deepseek-private-service";
