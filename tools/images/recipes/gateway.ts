/** The gateway: Node.js and one bundled file. It writes nowhere and starts no other program. */
import type { Recipe } from "../recipe.ts";
import { NODE_ENTRYPOINT, NODE_PACKAGES, PROGRAM_UID } from "./program-user.ts";

export const gateway: Recipe = {
  name: "gateway",
  title: "DeepSeek private service: gateway",
  user: { name: "program", uid: PROGRAM_UID },
  entrypoint: NODE_ENTRYPOINT,
  ports: [8080, 9464],
  // Two arenas of the allocator instead of eight for each core: a tenth less memory after load, at no cost. And its
  // threshold, 128 KiB, for giving memory back stays what it is: it would grow with the largest piece ever freed.
  environment: {
    NODE_ENV: "production",
    MALLOC_ARENA_MAX: "2",
    MALLOC_TRIM_THRESHOLD_: "131072",
  },
  writable: [],
  debian: { packages: NODE_PACKAGES, include: [] },
  program: {
    entry: "gateway-image/src/main.ts",
    // The manifest is where the program finds its version.
    sources: ["gateway-image/src/", "gateway-image/package.json"],
    workspace: "gateway-image",
    // The page /console.
    ownFolders: [
      {
        path: "gateway-image/src/api/console",
        files: [
          ...["index.html", "console.css", "account.js", "charts.js", "elements.js", "format.js"],
          ...["geometry.js", "main.js", "panels.js", "quota.js", "session.js", "shape.js"],
          "texts.js",
        ],
        target: "console",
      },
    ],
    // The pages of the documentation. Their hashes stand in gateway-image/src/api/page-files.ts.
    packageFiles: [
      {
        package: "swagger-ui-dist",
        path: "swagger-ui.css",
        target: "pages/swagger-ui.css",
      },
      {
        package: "swagger-ui-dist",
        path: "swagger-ui-bundle.js",
        target: "pages/swagger-ui-bundle.js",
      },
      {
        package: "redoc",
        path: "bundles/redoc.standalone.js",
        target: "pages/redoc.standalone.js",
      },
    ],
  },
};
