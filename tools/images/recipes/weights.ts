/**
 * Prepares weights before an engine starts: Node.js, which brings the public authorities that S3 and
 * KMS are verified with, and one bundled file.
 */
import type { Recipe } from "../recipe.ts";
import { NODE_ENTRYPOINT, NODE_PACKAGES, PROGRAM_UID } from "./program-user.ts";

export const weights: Recipe = {
  name: "weights",
  title: "DeepSeek private service: weights of models, fetched, opened and verified",
  user: { name: "program", uid: PROGRAM_UID },
  entrypoint: NODE_ENTRYPOINT,
  ports: [],
  environment: { NODE_ENV: "production" },
  writable: [],
  debian: { packages: NODE_PACKAGES, include: [] },
  program: {
    entry: "tools/weights/main.ts",
    sources: ["tools/weights/", "tools/aws/", "tools/base/", "gateway-image/src/base/"],
    workspace: "",
  },
};
