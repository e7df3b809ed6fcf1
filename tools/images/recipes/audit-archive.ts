/**
 * Ships a gateway's audit trail: Node.js, which brings the public authorities that S3 is verified
 * with, and one bundled file.
 */
import type { Recipe } from "../recipe.ts";
import { NODE_ENTRYPOINT, NODE_PACKAGES, PROGRAM_UID } from "./program-user.ts";

export const auditArchive: Recipe = {
  name: "audit-archive",
  title: "DeepSeek private service: ships the audit trail to where nobody deletes it",
  user: { name: "program", uid: PROGRAM_UID },
  entrypoint: NODE_ENTRYPOINT,
  ports: [9465],
  environment: { NODE_ENV: "production" },
  writable: [],
  debian: { packages: NODE_PACKAGES, include: [] },
  program: {
    entry: "tools/audit-archive/main.ts",
    sources: ["tools/audit-archive/", "tools/aws/", "tools/base/", "gateway-image/src/audit/"],
    workspace: "",
  },
};
