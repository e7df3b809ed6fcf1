/**
 * Tests restores of the ledger's backups: Node.js, which brings the public authorities that an object
 * store is verified with, and one bundled file. PostgreSQL runs beside it in its own image.
 */
import type { Recipe } from "../recipe.ts";
import { NODE_ENTRYPOINT, NODE_PACKAGES, PROGRAM_UID } from "./program-user.ts";

export const restoreTest: Recipe = {
  name: "restore-test",
  title: "DeepSeek private service: tests restores of the ledger's backups",
  user: { name: "program", uid: PROGRAM_UID },
  entrypoint: NODE_ENTRYPOINT,
  ports: [9467],
  environment: { NODE_ENV: "production" },
  writable: [],
  debian: { packages: NODE_PACKAGES, include: [] },
  program: {
    entry: "tools/restore-test/main.ts",
    sources: [
      "tools/restore-test/",
      "tools/aws/",
      "tools/base/",
      "tools/weights/",
      "gateway-image/src/base/",
    ],
    workspace: "",
  },
};
