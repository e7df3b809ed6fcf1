/**
 * The files of the documentation's pages: three of other people's packages, found beside the
 * program (in an image) or among the development packages, and held to their hashes; the rest is ours.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { type Encoding, encode } from "../base/encoding.ts";

interface PackageFile {
  readonly name: string;
  readonly packagePath: string;
  readonly type: string;
  readonly sha256: string;
}

const JAVASCRIPT = "text/javascript; charset=utf-8";
const CSS = "text/css; charset=utf-8";
const FOLDER = path.join(import.meta.dirname, "pages");

/** swagger-ui-dist 5.35.0 and redoc 2.5.2; tools/images/recipes/gateway.ts puts them into the image. */
const PACKAGE_FILES: readonly PackageFile[] = [
  {
    name: "swagger-ui.css",
    packagePath: "swagger-ui-dist/swagger-ui.css",
    type: CSS,
    sha256: "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
  },
  {
    name: "swagger-ui-bundle.js",
    packagePath: "swagger-ui-dist/swagger-ui-bundle.js",
    type: JAVASCRIPT,
    sha256: "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
  },
  {
    name: "redoc.standalone.js",
    packagePath: "redoc/bundles/redoc.standalone.js",
    type: JAVASCRIPT,
    sha256: "6beb5aea23b71d09122ee35de8f326e38aec050e774f3bfba1f34e5c36608986",
  },
];

/** Nothing here may come from elsewhere, so nothing is asked to judge the document elsewhere either. */
const SWAGGER_START = `window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  presets: [SwaggerUIBundle.presets.apis],
});
`;
const REDOC_START = `Redoc.init(
  "/openapi.json",
  { disableSearch: true, hideDownloadButton: false, nativeScrollbars: true },
  document.getElementById("page"),
);
`;

/** A file as it is sent, in each encoding that was asked for. */
export class PageFile {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
  readonly #encoded = new Map<Encoding, Promise<Buffer>>();

  constructor(body: Buffer, type: string) {
    this.body = body;
    this.type = type;
    this.etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`;
  }

  in(encoding: Encoding | null): Buffer | Promise<Buffer> {
    if (encoding === null) return this.body;
    const made = this.#encoded.get(encoding) ?? encode(this.body, encoding);
    this.#encoded.set(encoding, made);
    return made;
  }
}

/** By path; null: the packages are not there. Throws where one is not what it was when it was chosen. */
export function pageFiles(): Map<string, PageFile> | null {
  const files = new Map<string, PageFile>();
  for (const { name, packagePath, type, sha256 } of PACKAGE_FILES) {
    const file = placeOf(name, packagePath);
    if (file === null) return null;
    const body = readFileSync(file);
    const found = createHash("sha256").update(body).digest("hex");
    if (found !== sha256) throw new Error(`${file} is not the file that was chosen`);
    files.set(`/docs/files/${name}`, new PageFile(body, type));
  }
  const text = (body: string, type: string) => new PageFile(Buffer.from(body), type);
  files.set("/docs/files/swagger-start.js", text(SWAGGER_START, JAVASCRIPT));
  files.set("/docs/files/redoc-start.js", text(REDOC_START, JAVASCRIPT));
  files.set("/docs", text(swaggerPage(), HTML));
  files.set("/redoc", text(redocPage(), HTML));
  return files;
}

const HTML = "text/html; charset=utf-8";

const head = (title: string, more: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
${more}</head>
<body>
<div id="page"></div>
`;

function swaggerPage(): string {
  const style = '<link rel="stylesheet" href="/docs/files/swagger-ui.css">\n';
  return `${head("Private DeepSeek service: try the API", style)}<script src="/docs/files/swagger-ui-bundle.js"></script>
<script src="/docs/files/swagger-start.js"></script>
</body>
</html>
`;
}

function redocPage(): string {
  return `${head("Private DeepSeek service: reference of the API", "")}<script src="/docs/files/redoc.standalone.js"></script>
<script src="/docs/files/redoc-start.js"></script>
</body>
</html>
`;
}

function placeOf(name: string, packagePath: string): string | null {
  const beside = path.join(FOLDER, name);
  if (existsSync(beside)) return beside;
  try {
    return createRequire(import.meta.url).resolve(packagePath);
  } catch {
    return null;
  }
}
