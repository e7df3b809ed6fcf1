/**
 * The page /console: a shell without any data, the same for everybody; its scripts ask the API with the token of whoever logs in. Scripts,
 * styles and pictures are this gateway's own files.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { FastifyInstance } from "fastify";
import { PageFile } from "./page-files.ts";
import { sendFile } from "./pages.ts";

/** Nothing from elsewhere, no script or style inside of the page, in no frame, and no form that leaves by itself. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** tools/images/recipes/gateway.ts and the Dockerfile put them beside the program. */
export const CONSOLE_FILES = [
  "console.css",
  "account.js",
  "charts.js",
  "elements.js",
  "format.js",
  "geometry.js",
  "main.js",
  "panels.js",
  "quota.js",
  "session.js",
  "shape.js",
  "texts.js",
] as const;

const FOLDER = path.join(import.meta.dirname, "console");
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
};

export interface ConsolePage {
  /** What stands there, for answers to other methods. */
  readonly paths: readonly string[];
  readonly complete: boolean;
}

export function addConsole(app: FastifyInstance, wanted: boolean): ConsolePage {
  const complete = existsSync(path.join(FOLDER, "index.html"));
  const files = wanted && complete ? consoleFiles() : new Map<string, PageFile>();
  for (const [url, file] of files) {
    app.route({
      method: ["GET", "HEAD"],
      url,
      handler: (request, reply) => sendFile(request, reply, file, POLICY),
    });
  }
  return { paths: [...files.keys()], complete };
}

function consoleFiles(): Map<string, PageFile> {
  const read = (name: string) => readFileSync(path.join(FOLDER, name));
  const files = CONSOLE_FILES.map((name): [string, PageFile] => [
    `/console/files/${name}`,
    new PageFile(read(name), TYPES[path.extname(name)] ?? ""),
  ]);
  return new Map([
    ["/console", new PageFile(read("index.html"), "text/html; charset=utf-8")],
    ...files,
  ]);
}
